"""The extras of the package: what is installed on request, and what to say where it is missing."""

from typing import Literal

Extra = Literal["service", "client", "demo", "experiments", "plot", "pandas"]


def needs(what: str, extra: Extra) -> str:
    """Return the sentence that says which extra something needs."""
    return f'{what} needs the extra "{extra}": pip install "hcdv-stream[{extra}]"'
