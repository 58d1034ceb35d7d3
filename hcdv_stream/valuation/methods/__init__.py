"""Utilities, level structures and semivalues: valuation without the tree."""
