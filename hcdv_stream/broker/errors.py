"""What is raised about a broker."""

from hcdv_stream.errors import HcdvError


class BrokerError(HcdvError):
    """A broker that does not start, or that does not do what it is asked."""
