"""Immutable views of the state, one update each."""
