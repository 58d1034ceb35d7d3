"""Reading a state beside its live owner."""
