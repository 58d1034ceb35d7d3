"""How long an update takes, and how many sessions a second a worker values."""
