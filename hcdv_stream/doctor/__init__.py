"""Looks at everything a worker and an API need, and says how to mend what is wrong."""
