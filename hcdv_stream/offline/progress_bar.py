"""A bar that follows the training of a bundle."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:  # loads torch
    from hcdv_stream.bundle.training import TrainingProgress

_NAMES = {
    "features": "reading features",
    "encoder": "training the encoder, epoch",
    "hierarchy": "building the hierarchy",
    "doubt": "fitting the doubt model",
}


def bar() -> Progress:
    """Return a bar on standard error, which shows nothing where that is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


@contextmanager
def training_bar() -> Iterator[Callable[["TrainingProgress"], None]]:
    """Show a bar while the caller hands on the trainer's progress."""
    with bar() as shown:
        task = shown.add_task("")

        def report(step: "TrainingProgress") -> None:
            loss = "" if step.loss is None else f" (held-out loss {step.loss:.3f})"
            shown.update(
                task, description=_NAMES[step.step] + loss, completed=step.done, total=step.of
            )

        yield report
