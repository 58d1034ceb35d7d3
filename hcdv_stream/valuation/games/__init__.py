"""The games that leaves and nodes play."""
