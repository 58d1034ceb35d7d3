"""The paper's comparison of eight methods."""
