"""Commands that read a file of examples."""
