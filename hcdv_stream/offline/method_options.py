"""What ``hcdv-stream value --method`` can be told, for all methods together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from hcdv_stream.methods.learner_method import EVALUATIONS
from hcdv_stream.offline.hierarchy_options import HierarchyOptions
from hcdv_stream.valuation.methods.algorithm1.interpretation import CHOICES as INTERPRETATIONS
from hcdv_stream.valuation.methods.sampling.stopping import (
    Criterion,
    Evaluations,
    RankStability,
    Rounds,
    Seconds,
    StandardError,
)

_WEIGHED = frozenset({"utility", "beta", "lam", "members"})
_TRAINED = frozenset({"learner", "metric", "jobs"})
_SAMPLED = _TRAINED | {"evaluations", "seconds", "standard_error", "rank_correlation"}
_HIERARCHICAL = _SAMPLED | {"levels", "interpretation", "lam"}

OPTIONS_OF: Mapping[str, frozenset[str]] = {
    "hcdv": _WEIGHED,
    "hcdv-full": _WEIGHED,
    "the game algorithm1": frozenset({"lam", "members"}),
    "random": frozenset(),
    "loo": _TRAINED,
    "tmc": _SAMPLED,
    "group": _SAMPLED | {"groups"},
    "banzhaf": _SAMPLED,
    "beta-shapley": _SAMPLED,
    "knn-shapley": frozenset({"utility"}),
    "du-shapley": _SAMPLED | {"groups"},
    "data-oob": frozenset({"jobs"}),
    "algorithm1": _HIERARCHICAL | {"permutations", "leaf_size"},
    "owen": _HIERARCHICAL,
}
"""The options of ``hcdv-stream value`` that a method uses, beside those that say what is valued."""

CHOICES_OF: Mapping[str, frozenset[str]] = {
    "algorithm1": frozenset({*INTERPRETATIONS, "averaged", "counted"}),
    "owen": frozenset({"averaged", "counted", "orders"}),
}
"""The names of ``--interpretation`` that a method uses."""


@dataclass(frozen=True, slots=True)
class MethodOptions:
    """Options of the methods that ask a utility.

    ``learner`` is trained on coalitions and scored by ``metric``; ``groups`` says whose members
    ``group`` and ``du-shapley`` value together. Sampling ends after ``evaluations`` (None: 10,000)
    or with the first of what is given: after ``seconds``, with no stderr above ``standard_error``,
    or once the ranking's Spearman correlation with that of four rounds before is
    ``rank_correlation``; but not before its second round, which standard errors need. Algorithm 1
    has standard errors after one round, and plays one if nothing is given. ``jobs`` processes share
    the training. ``hierarchy`` is for the methods that have one.
    """

    learner: str = "ridge"
    metric: str = "balanced"
    groups: str = "label"
    evaluations: int | None = None
    seconds: float | None = None
    standard_error: float | None = None
    rank_correlation: float | None = None
    jobs: int = 1
    hierarchy: HierarchyOptions = field(default_factory=HierarchyOptions)

    def until(self, rounds: int = 2) -> Criterion:
        """Return when sampling ends, after ``rounds`` at the earliest."""
        given = [*self._given()]
        if rounds == 1 and not given:
            return Rounds(1)
        if self.evaluations is None:
            given.append(Evaluations(EVALUATIONS))
        return reduce(or_, given) & Rounds(rounds)

    def _given(self) -> Iterator[Criterion]:
        if self.evaluations is not None:
            yield Evaluations(self.evaluations)
        if self.seconds is not None:
            yield Seconds(self.seconds)
        if self.standard_error is not None:
            yield StandardError(self.standard_error)
        if self.rank_correlation is not None:
            yield RankStability(self.rank_correlation)
