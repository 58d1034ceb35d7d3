"""What a fit costs as data grows."""
