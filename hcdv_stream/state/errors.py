"""What can be wrong with a state directory, each said with the fix."""

from hcdv_stream.errors import HcdvError

REBUILD = "move the directory away and restart, which rebuilds the state from the topic"


class StateError(HcdvError):
    """A state directory that cannot be used as it is."""


class StateLocked(StateError):  # noqa: N818 - says what is the case, as callers read it
    """Another process owns the state directory."""
