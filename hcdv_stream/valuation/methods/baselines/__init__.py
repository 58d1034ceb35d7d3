"""Methods that the hierarchical games are compared with."""
