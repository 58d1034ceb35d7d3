"""What the API asks and answers, as models."""
