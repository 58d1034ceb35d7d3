"""Experiments: they call the core alone or drive whole processes, and leave JSON behind."""
