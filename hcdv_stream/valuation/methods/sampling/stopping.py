"""When a sampled method has seen enough: criteria that combine with ``&`` and ``|``.

``Evaluations(10_000) | StandardError(0.01) & RankStability()`` stops at ten thousand evaluations,
or once the errors are small *and* the ranking has settled. Criteria hold no state: all they see is
the progress, which a resumed run carries on, so stopping and resuming changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.rank_correlation import spearman

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
    """Says whether to stop; combines with others by ``&`` and ``|``.

    Examples
    --------
    >>> from hcdv_stream.methods import Evaluations, Rounds, StandardError
    >>> criterion = Evaluations(10_000) | StandardError(0.01) & Rounds(2)
    >>> type(criterion).__name__
    'Either'

    """

    def met(self, progress: SamplingProgress) -> bool:
        """Return whether this criterion asks to stop.

        Parameters
        ----------
        progress : SamplingProgress
            What is known after a round.

        Returns
        -------
        bool

        Raises
        ------
        ValueError
            If the criterion counts seconds and the run has no clock.

        """
        raise NotImplementedError

    def __and__(self, other: "Criterion") -> "Criterion":
        return Both(self, checked(other))

    def __or__(self, other: "Criterion") -> "Criterion":
        return Either(self, checked(other))


def checked(criterion: object) -> Criterion:
    """Return a criterion as it is; raises TypeError if it is none."""
    if not isinstance(criterion, Criterion):
        raise TypeError(
            f"until must be a stopping criterion, such as Evaluations(1000), got {criterion!r}"
        )
    return criterion


@dataclass(frozen=True)
class Both(Criterion):
    """Stop when both do."""

    first: Criterion
    second: Criterion

    def met(self, progress: SamplingProgress) -> bool:
        return self.first.met(progress) and self.second.met(progress)


@dataclass(frozen=True)
class Either(Criterion):
    """Stop when one of them does."""

    first: Criterion
    second: Criterion

    def met(self, progress: SamplingProgress) -> bool:
        return self.first.met(progress) or self.second.met(progress)


@dataclass(frozen=True)
class Evaluations(Criterion):
    """Stop once that many coalitions were asked for; a round is never cut short.

    Parameters
    ----------
    most : int
        The number of coalitions, at least 1.

    Examples
    --------
    >>> from hcdv_stream.methods import Evaluations, Seconds
    >>> Evaluations(10_000) | Seconds(60.0)
    Either(first=Evaluations(most=10000), second=Seconds(most=60.0))

    """

    most: int

    def __post_init__(self) -> None:
        _within("evaluations", self.most, 1, whole=True)

    def met(self, progress: SamplingProgress) -> bool:
        return progress.evaluations >= self.most


@dataclass(frozen=True)
class Rounds(Criterion):
    """Stop after that many rounds of the sampler.

    Parameters
    ----------
    most : int
        The number of rounds, at least 1.

    Examples
    --------
    >>> from hcdv_stream.methods import CoalitionGame, Rounds, banzhaf, run
    >>> game = CoalitionGame(3, lambda members: 1.0 * members.sum(axis=1))
    >>> run(banzhaf(batch=10), game, Rounds(4)).rounds
    4

    """

    most: int

    def __post_init__(self) -> None:
        _within("rounds", self.most, 1, whole=True)

    def met(self, progress: SamplingProgress) -> bool:
        return progress.rounds >= self.most


@dataclass(frozen=True)
class Seconds(Criterion):
    """Stop once the run's clock has advanced that far, earlier runs of a resumed one included.

    Parameters
    ----------
    most : float
        The number of seconds.

    Examples
    --------
    >>> from time import monotonic
    >>> from hcdv_stream.methods import CoalitionGame, Seconds, banzhaf, run
    >>> game = CoalitionGame(3, lambda members: 1.0 * members.sum(axis=1))
    >>> run(banzhaf(), game, Seconds(0.0), clock=monotonic).rounds
    1

    """

    most: float

    def __post_init__(self) -> None:
        _within("seconds", self.most, 0.0)

    def met(self, progress: SamplingProgress) -> bool:
        if progress.seconds is None:
            raise ValueError("stopping by seconds needs a clock; hand the run one")
        return progress.seconds >= self.most


@dataclass(frozen=True)
class StandardError(Criterion):
    """Stop once at least ``share`` of the players have a standard error of at most ``most``.

    Parameters
    ----------
    most : float
        The largest standard error.
    share : float, default=1.0
        The share of the players that must have no larger one.

    Examples
    --------
    >>> from hcdv_stream.methods import CoalitionGame, StandardError, banzhaf, run
    >>> game = CoalitionGame(3, lambda members: 1.0 * members.sum(axis=1))
    >>> bool(run(banzhaf(), game, StandardError(0.05)).stderr.max() <= 0.05)
    True

    """

    most: float
    share: float = 1.0

    def __post_init__(self) -> None:
        _within("most", self.most, 0.0)
        _within("share", self.share, 0.0, 1.0)

    def met(self, progress: SamplingProgress) -> bool:
        return bool(np.mean(progress.stderr <= self.most) >= self.share)


@dataclass(frozen=True)
class RankStability(Criterion):
    """Stop once the ranking agrees with the one ``rounds`` rounds ago.

    Parameters
    ----------
    correlation : float, default=0.99
        The least Spearman correlation of the two rankings.
    rounds : int, default=4
        How far to look back, from 1 to 31.

    Examples
    --------
    >>> from hcdv_stream.methods import CoalitionGame, RankStability, banzhaf, run
    >>> game = CoalitionGame(3, lambda members: members @ [1.0, 2.0, 4.0])
    >>> run(banzhaf(), game, RankStability(rounds=2)).rounds
    3

    """

    correlation: float = 0.99
    rounds: int = 4

    def __post_init__(self) -> None:
        _within("correlation", self.correlation, -1.0, 1.0)
        _within("rounds", self.rounds, 1, MOST_REMEMBERED - 1, whole=True)

    def met(self, progress: SamplingProgress) -> bool:
        if len(progress.history) <= self.rounds:
            return False
        before = progress.history[-1 - self.rounds]
        return spearman(before, progress.values) >= self.correlation


def _within(
    name: str, number: object, least: float, most: float = np.inf, *, whole: bool = False
) -> None:
    kinds = (int, np.integer) if whole else (int, float, np.number)
    if isinstance(number, kinds) and least <= float(number) <= most:
        return
    bounds = f"at least {least:g}" if np.isinf(most) else f"from {least:g} to {most:g}"
    kind = " and a whole number" if whole else ""
    raise ValueError(f"{name} must be {bounds}{kind}, got {number!r}")
