"""What an experiment is: something that runs, leaves one JSON document, and is tabled from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Result = Mapping[str, Any]
"""A JSON document: all that the tables need, one entry per seed and the summary over them."""


class ExperimentProgress(Protocol):
    """Shows how far an experiment is."""

    def plan(self, steps: int) -> None:
        """Announce that many more steps."""

    def begin(self, what: str) -> None:
        """Say what the step now running is about."""

    def done(self) -> None:
        """Count one step as done."""


class Silent:
    """Progress that nobody watches."""

    def plan(self, steps: int) -> None:
        """Do nothing."""

    def begin(self, what: str) -> None:
        """Do nothing."""

    def done(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class ExperimentOptions:
    """What the command line lets one choose.

    ``data`` is the folder of the real sets, ``seeds`` how many repetitions; ``small`` shrinks sets
    and repetitions to seconds, to see that everything runs: its figures mean nothing. ``python`` is
    an interpreter with the rivals installed, which need other versions than ours. ``kafka`` is a
    script that runs an Apache Kafka in the foreground, ``minutes`` how long a load lasts.
    """

    data: Path
    seeds: int
    small: bool = False
    python: Path | None = None
    kafka: Path | None = None
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A table for people: cells are text already."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """Return the table in Markdown under a heading of its own."""
        lines = [f"### {self.title}", "", _line(self.columns), _line(["---"] * len(self.columns))]
        lines += [_line(row) for row in self.rows]
        return "\n".join([*lines, "", *([self.note, ""] if self.note else [])])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


@dataclass(frozen=True, slots=True)
class Experiment:
    """One entry of the registry.

    ``seeds`` is the default number of repetitions, ``arguments`` what its command must be given.
    """

    name: str
    about: str
    seeds: int
    run: Callable[[ExperimentOptions, ExperimentProgress], Result]
    tables: Callable[[Result], Sequence[ResultTable]]
    arguments: str = ""
