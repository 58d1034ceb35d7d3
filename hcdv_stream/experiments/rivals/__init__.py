"""Other libraries on the same coalitions."""
