"""Doubt: how likely it is that an example's label is wrong."""
