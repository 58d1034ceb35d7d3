"""Errors that a person can act on: one sentence with the fix, shown without a traceback."""


class HcdvError(Exception):
    """Base of every error that the command line prints as a sentence."""
