"""Sentences about how a file was understood, on the standard error stream."""

import sys
from collections.abc import Iterable

from rich.console import Console

from hcdv_stream.cli.printed import printed


def say_notes(notes: Iterable[str]) -> None:
    """Print each note in a line of its own."""
    console = Console(file=sys.stderr)
    for note in notes:
        console.print(printed(note), highlight=False, soft_wrap=True)
