"""Values on a stream beside other ways to keep them current."""
