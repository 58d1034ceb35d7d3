"""Wrong labels found, beside what others would use."""
