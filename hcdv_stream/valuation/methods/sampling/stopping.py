"""When a sampled method has seen enough: criteria that combine with ``&`` and ``|``.

``Evaluations(10_000) | StandardError(0.01) & RankStability()`` stops at ten thousand evaluations,
or once the errors are small *and* the ranking has settled. Criteria hold no state: all they see is
the progress, which a resumed run carries on, so stopping and resuming changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.methods.rank_correlation import spearman

Floats = npt.NDArray[np.float64]

MOST_REMEMBERED = 32
"""Rounds whose values are kept for criteria that look back."""


@dataclass(frozen=True, slots=True)
class SamplingProgress:
    """What is known after a round.

    ``values`` and ``stderr`` (n,) may be NaN for players not seen yet; ``seconds`` is None where
    the run was given no clock; ``history`` holds the values after the latest rounds, oldest first,
    the current one included.
    """

    values: Floats
    stderr: Floats
    evaluations: int
    rounds: int
    seconds: float | None
    history: Sequence[Floats]


class Criterion:
    """Says whether to stop."""

    def met(self, progress: SamplingProgress) -> bool:
        """Return whether this criterion asks to stop."""
        raise NotImplementedError

    def __and__(self, other: "Criterion") -> "Criterion":
        return Both(self, other)

    def __or__(self, other: "Criterion") -> "Criterion":
        return Either(self, other)


@dataclass(frozen=True)
class Both(Criterion):
    """Stops when both do."""

    first: Criterion
    second: Criterion

    def met(self, progress: SamplingProgress) -> bool:
        return self.first.met(progress) and self.second.met(progress)


@dataclass(frozen=True)
class Either(Criterion):
    """Stops when one of them does."""

    first: Criterion
    second: Criterion

    def met(self, progress: SamplingProgress) -> bool:
        return self.first.met(progress) or self.second.met(progress)


@dataclass(frozen=True)
class Evaluations(Criterion):
    """Stops once that many coalitions were asked for; a round is never cut short."""

    most: int

    def __post_init__(self) -> None:
        _at_least_one("evaluations", self.most)

    def met(self, progress: SamplingProgress) -> bool:
        return progress.evaluations >= self.most


@dataclass(frozen=True)
class Rounds(Criterion):
    """Stops after that many rounds of the sampler."""

    most: int

    def __post_init__(self) -> None:
        _at_least_one("rounds", self.most)

    def met(self, progress: SamplingProgress) -> bool:
        return progress.rounds >= self.most


@dataclass(frozen=True)
class Seconds(Criterion):
    """Stops once the run's clock has advanced that far, earlier runs of a resumed one included."""

    most: float

    def met(self, progress: SamplingProgress) -> bool:
        if progress.seconds is None:
            raise ValueError("stopping by seconds needs a clock; hand the run one")
        return progress.seconds >= self.most


@dataclass(frozen=True)
class StandardError(Criterion):
    """Stops once at least ``share`` of the players have a standard error of at most ``most``."""

    most: float
    share: float = 1.0

    def met(self, progress: SamplingProgress) -> bool:
        return bool(np.mean(progress.stderr <= self.most) >= self.share)


@dataclass(frozen=True)
class RankStability(Criterion):
    """Stops once the ranking agrees with the one ``rounds`` rounds ago.

    Agreement is a Spearman correlation of at least ``correlation``.
    """

    correlation: float = 0.99
    rounds: int = 4

    def __post_init__(self) -> None:
        _at_least_one("rounds", self.rounds)
        if self.rounds >= MOST_REMEMBERED:
            raise ValueError(f"rounds must be below {MOST_REMEMBERED}, got {self.rounds}")

    def met(self, progress: SamplingProgress) -> bool:
        if len(progress.history) <= self.rounds:
            return False
        before = progress.history[-1 - self.rounds]
        return spearman(before, progress.values) >= self.correlation


def _at_least_one(name: str, number: int) -> None:
    if number < 1:
        raise ValueError(f"{name} must be at least 1, got {number}")
