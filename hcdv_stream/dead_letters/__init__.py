"""Reading the dead-letter topic, and sending what is in it once more."""
