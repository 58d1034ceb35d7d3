"""Runs a sampler round by round until a criterion is met; what comes back can be resumed.

Round t draws from a generator of its own, seeded by (seed, t): the values depend on the seed and
the number of rounds alone, not on how a run was cut, cached or spread over processes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.frames import frame
from hcdv_stream.valuation.methods.sampling.stopping import (
    MOST_REMEMBERED,
    Criterion,
    SamplingProgress,
    checked,
)
from hcdv_stream.valuation.methods.sampling.tally import Tally
from hcdv_stream.valuation.methods.utility import Utility

Parameter = int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Ends:
    """v(∅) and v(N)."""

    nobody: float
    everybody: float


class Sampler(Protocol):
    """A way of drawing coalitions that makes a round."""

    @property
    def name(self) -> str:
        """The method's name, for provenance."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What decides the values beside game, seed and rounds."""

    @property
    def arms(self) -> int:
        """The arms of its tally."""

    def players(self, utility: Utility) -> int:
        """How many players are valued."""

    def round(
        self, utility: Utility, ends: Ends, generator: np.random.Generator
    ) -> tuple[Tally, int]:
        """Draw once: what was seen, and how many coalitions were asked for."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Values with all that is known of how they came about.

    Parameters
    ----------
    method : str
        The method's name.
    values : ndarray of shape (n,)
        What each player is worth.
    stderr : ndarray of shape (n,)
        Standard errors, 0 for an exact method.
    counts : ndarray of int64 of shape (n,)
        The observations behind each value.
    evaluations : int
        The coalitions that were asked for.
    seed : int or None, default=None
        What decided the draws, if there were any.
    rounds : int, default=0
        The rounds of the sampler.
    seconds : float or None, default=None
        How long it took, if a clock was given.
    parameters : mapping, optional
        What decided the values beside game, seed and rounds.
    ends : Ends or None, default=None
        v(empty) and v(N), if they were asked for.
    tally : Tally or None, default=None
        What was seen, from which ``run`` goes on.
    history : tuple of ndarray, default=()
        The values after the latest rounds.

    Examples
    --------
    >>> from hcdv_stream.methods import CoalitionGame, leave_one_out
    >>> found = leave_one_out(CoalitionGame(2, lambda members: members @ [1.0, 2.0]))
    >>> found.method, found.values.tolist(), found.evaluations
    ('loo', [1.0, 2.0], 3)

    """

    method: str
    values: Floats
    stderr: Floats
    counts: npt.NDArray[np.int64]
    evaluations: int
    seed: int | None = None
    rounds: int = 0
    seconds: float | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    ends: Ends | None = None
    tally: Tally | None = None
    history: tuple[Floats, ...] = ()

    @property
    def provenance(self) -> dict[str, Any]:
        """How the values came about, as plain values: enough to get them from the same game."""
        return {
            "method": self.method,
            "seed": self.seed,
            "parameters": dict(self.parameters),
            "rounds": self.rounds,
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "ends": None if self.ends is None else asdict(self.ends),
        }

    def to_frame(self, ids: Iterable[Any] | None = None) -> Any:
        """Return the values as a table.

        Parameters
        ----------
        ids : iterable of length n, optional
            The players' ids. The default is 0, 1, ...

        Returns
        -------
        DataFrame
            The index is ``id``. Columns: value, stderr, count. ``attrs`` hold the provenance.

        Raises
        ------
        ImportError
            If pandas is not installed.
        ValueError
            If there are more or fewer ids.

        """
        names = range(len(self.values)) if ids is None else list(ids)
        if len(names) != len(self.values):
            raise ValueError(f"{len(self.values)} values have {len(names)} ids")
        columns = {"value": self.values, "stderr": self.stderr, "count": self.counts}
        return frame(columns, names, self.provenance)

    @classmethod
    def exact(
        cls,
        method: str,
        values: Floats,
        evaluations: int,
        parameters: Mapping[str, Parameter] | None = None,
        ends: Ends | None = None,
    ) -> "Estimate":
        """Return what a method without chance found."""
        zeros, counts = np.zeros(len(values)), np.ones(len(values), np.int64)
        return cls(
            method, values, zeros, counts, evaluations, parameters=parameters or {}, ends=ends
        )


def run(
    sampler: Sampler,
    utility: Utility,
    until: Criterion,
    *,
    seed: int = 0,
    clock: Callable[[], float] | None = None,
    resume: Estimate | None = None,
) -> Estimate:
    """Sample until a criterion is met, at least one round.

    Parameters
    ----------
    sampler : Sampler
        What draws, such as ``tmc()``, ``beta_shapley()`` or ``banzhaf()``.
    utility : Utility
        The game.
    until : Criterion
        When to stop; it is looked at after each round.
    seed : int, default=0
        Decides every draw.
    clock : callable, optional
        Returns seconds from any start. A criterion that looks at the time needs it.
    resume : Estimate, optional
        Goes on where this estimate of the same sampler and seed stopped. If ``until`` is met
        already, it is returned as it is.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If ``resume`` is of another run.

    Examples
    --------
    >>> from hcdv_stream.methods import CoalitionGame, Rounds, run, tmc
    >>> game = CoalitionGame(3, lambda members: members @ [1.0, 2.0, 4.0])
    >>> found = run(tmc(truncation=None), game, Rounds(2), seed=7)
    >>> found.values.tolist(), found.stderr.tolist()
    ([1.0, 2.0, 4.0], [0.0, 0.0, 0.0])

    """
    until = checked(until)
    started = clock() if clock else 0.0
    players = sampler.players(utility)
    state = _resumed(resume, sampler, players, seed) if resume else _begun(sampler, utility, seed)
    earlier = state.seconds or 0.0
    while not (state.rounds and until.met(_progress(state))):
        assert state.tally is not None
        assert state.ends is not None
        generator = np.random.default_rng((seed, state.rounds))
        seen, asked = sampler.round(utility, state.ends, generator)
        seconds = earlier + clock() - started if clock else None
        state = _after(state, state.tally + seen, asked, seconds)
    return state


def ends_of(utility: Utility) -> Ends:
    """Ask for v(∅) and v(N): two evaluations."""
    whole = np.zeros((2, utility.players), np.bool_)
    whole[1] = True
    return Ends(*utility(whole).tolist())


def _begun(sampler: Sampler, utility: Utility, seed: int) -> Estimate:
    players = sampler.players(utility)
    unknown = np.full(players, np.nan)
    return Estimate(
        method=sampler.name,
        values=unknown,
        stderr=unknown,
        counts=np.zeros(players, np.int64),
        evaluations=2,
        seed=seed,
        parameters=dict(sampler.parameters),
        ends=ends_of(utility),
        tally=Tally.empty(sampler.arms, players),
    )


def _resumed(resume: Estimate, sampler: Sampler, players: int, seed: int) -> Estimate:
    if resume.tally is None:
        raise ValueError(f"{resume.method} is exact: there is nothing to resume")
    found = (resume.method, dict(resume.parameters), resume.seed, len(resume.values))
    wanted = (sampler.name, dict(sampler.parameters), seed, players)
    names = ("method", "parameters", "seed", "number of players")
    for name, old, new in zip(names, found, wanted, strict=True):
        if old != new:
            raise ValueError(f"cannot resume: the {name} was {old}, now it is {new}")
    return resume


def _after(state: Estimate, tally: Tally, asked: int, seconds: float | None) -> Estimate:
    values = tally.values()
    return Estimate(
        method=state.method,
        values=values,
        stderr=tally.stderr(),
        counts=tally.counts.min(axis=0).astype(np.int64),
        evaluations=state.evaluations + asked,
        seed=state.seed,
        rounds=state.rounds + 1,
        seconds=seconds,
        parameters=state.parameters,
        ends=state.ends,
        tally=tally,
        history=(*state.history[1 - MOST_REMEMBERED :], values),
    )


def _progress(state: Estimate) -> SamplingProgress:
    return SamplingProgress(
        values=state.values,
        stderr=state.stderr,
        evaluations=state.evaluations,
        rounds=state.rounds,
        seconds=state.seconds,
        history=state.history,
    )
