"""Training data chosen, beside what others would use."""
