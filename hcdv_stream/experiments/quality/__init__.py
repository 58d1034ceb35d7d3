"""Quality of values beside other methods, and the tuning of the defaults."""
