"""What is wrong with a file of examples."""

from hcdv_stream.errors import HcdvError


class TableError(HcdvError):
    """A file that cannot be read as examples, or not be written: one sentence with the fix."""
