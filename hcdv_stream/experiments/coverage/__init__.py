"""How often the interval that a standard error states holds the mean over draws."""
