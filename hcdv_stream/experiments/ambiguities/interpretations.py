"""Ways to value a case by Algorithm 1: each interpretation of it, and the level-structure value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from hcdv_stream.experiments.common.cases import ExperimentCase
from hcdv_stream.experiments.common.measures import Values
from hcdv_stream.experiments.common.methods import Valued, routed
from hcdv_stream.valuation.config import PAPER
from hcdv_stream.valuation.games.algorithm1 import PrintedGame
from hcdv_stream.valuation.games.characteristic import Averaged, Characteristic
from hcdv_stream.valuation.games.game import Seat
from hcdv_stream.valuation.games.pots import scalable
from hcdv_stream.valuation.methods.algorithm1 import Algorithm1Values, Interpretation, algorithm_1
from hcdv_stream.valuation.methods.algorithm1.interpretation import Unscalable
from hcdv_stream.valuation.methods.blocks import Rows
from hcdv_stream.valuation.methods.level_structure import OrderRule, OwenSampler
from hcdv_stream.valuation.methods.levels import Counted, Levels, build_levels
from hcdv_stream.valuation.methods.ridge_utility import RidgeGame
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import Rounds
from hcdv_stream.valuation.methods.utility import CoalitionGame, Membership
from hcdv_stream.valuation.tree.leaf import LeafExamples

DEFAULT = ("defaults", "all")
COUNTS = (16, 8)


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to value, changed in one place from the default."""

    option: str
    value: str
    interpretation: Interpretation = field(default_factory=Interpretation)
    averaged: Averaged = "mean"
    counts: tuple[int, ...] = COUNTS
    counted: Counted = "per-parent"
    nobody: float = 0.0
    owen: tuple[OrderRule, float, int] | None = None
    routed: bool = False


def choices() -> list[Variant]:
    """Return everything that is tried, the default first."""
    usual = Interpretation()
    changed = [
        ("players, sum of line 9", "level, parent", replace(usual, players="level")),
        ("players, sum of line 9", "siblings, level", replace(usual, scope="level")),
        ("players, sum of line 9", "level, level", replace(usual, players="level", scope="level")),
        ("ω", "blend", replace(usual, omega="blend")),
        ("ω", "product", replace(usual, omega="product")),
        ("ω", "budget", replace(usual, omega="budget")),
        ("permutations", "shared", replace(usual, draws="shared")),
        ("permutations", "own", replace(usual, draws="own")),
        ("leaf", "sampled, same v as above", replace(usual, leaf="sampled")),
        ("leaf", "uniform", replace(usual, leaf="uniform")),
    ]
    return [
        Variant(*DEFAULT),
        *(Variant(option, value, interpretation) for option, value, interpretation in changed),
        Variant("Δ", "sum (Eq. 9)", averaged="sum"),
        Variant("K", "16, 64 per parent", counts=(16, 64)),
        Variant("K", "16, 64 in all", counts=(16, 64), counted="total"),
        *(
            Variant("v(∅) = ½; Σψ̂ ≤ 0", rule, replace(usual, unscalable=rule), nobody=0.5)
            for rule in get_args(Unscalable)
        ),
        *(
            Variant("level-structure value", _described(*owen), owen=owen)
            for owen in _level_structures()
        ),
        Variant("for comparison", "routed, the service's default", routed=True),
    ]


def _level_structures() -> list[tuple[OrderRule, float, int]]:
    """Orders, minimum and how many orders, n evaluations each."""
    return [
        ("independent", 0.0, 32),
        ("antithetic", 0.0, 32),
        ("stratified", 0.0, 32),
        ("stratified", 0.1, 32),
        ("stratified", 0.3, 32),
        ("stratified", 0.1, 128),
    ]


def _described(orders: OrderRule, minimum: float, count: int) -> str:
    return f"{count} {orders}" + (f", first {minimum:.0%} together" if minimum else "")


@dataclass(frozen=True, slots=True)
class Guessing:
    """A game in which nobody's model guesses: v(∅) is not 0. Where it plays among blocks too."""

    game: RidgeGame
    nobody: float

    @property
    def players(self) -> int:
        return self.game.players

    def __call__(self, membership: Membership) -> Values:
        return self.game(membership) + self.nobody * ~membership.any(axis=1)

    def among(self, blocks: Sequence[Rows], context: Rows) -> CoalitionGame:
        inner = self.game.among(blocks, context)
        nobody = 0.0 if len(context) else self.nobody
        return CoalitionGame(inner.players, lambda rows: inner(rows) + nobody * ~rows.any(axis=1))


def valued(case: ExperimentCase, choice: Variant) -> tuple[Valued, Mapping[str, float]]:
    """Value a case one way: the values, and what else is worth telling."""
    if choice.routed:
        return routed(case), {"evaluations": 0, "error": 0.0, "unscalable": 0.0}
    levels = build_levels(case.embeddings, choice.counts, choice.counted)
    game = Guessing(ridge_game(case, choice.averaged), choice.nobody)
    if choice.owen is not None:
        orders, minimum, count = choice.owen
        sampler = OwenSampler(levels, orders, minimum)
        found = run(sampler, game, Rounds(count // sampler.batch), seed=case.seed)
        error = float(np.sqrt(np.mean(found.stderr**2)) / np.std(found.values))
        facts = {"evaluations": found.evaluations, "error": error, "unscalable": 0.0}
        return Valued(found.values), facts
    printed = algorithm_1(
        game,
        levels,
        permutations=PAPER.permutations,
        leaf_size=PAPER.leaf_size,
        interpretation=choice.interpretation,
        leaf_values=_leaf_values(case),
        seed=case.seed,
    )
    error = float(np.sqrt(np.mean(printed.stderr**2)) / np.std(printed.values))
    return Valued(printed.values), {
        "evaluations": printed.evaluations + printed.leaf_evaluations,
        "error": error,
        "unscalable": _unscalable(case, levels, printed),
    }


def ridge_game(case: ExperimentCase, averaged: Averaged = "mean") -> RidgeGame:
    """Return the paper's v on a case's examples."""
    v = Characteristic(case.validation, len(case.classes), PAPER.contrast, averaged)
    return RidgeGame(v, case.embeddings, case.labels)


def _leaf_values(case: ExperimentCase) -> Callable[[Rows], Values]:
    """Exact values of the streaming game's leaf (``algorithm1``)."""
    game = PrintedGame(replace(PAPER, seed=case.seed), len(case.classes), case.validation)
    batch = case.batch

    def values(rows: Rows) -> Values:
        examples = LeafExamples(
            tuple(batch.ids[row] for row in rows),
            case.labels[rows],
            (None,) * len(rows),
            np.zeros(len(rows)),
            case.embeddings[rows],
        )
        ((outcome, _),) = game.play_leaves([Seat(examples, np.zeros(0, np.int64))])
        return outcome["psi"].astype(np.float64)

    return values


def _unscalable(case: ExperimentCase, levels: Levels, printed: Algorithm1Values) -> float:
    """Return the share of the leaves whose closed form cannot be rescaled, or whose pot is not > 0.

    In the former the examples are alike, in the latter the best of them get the least.
    """
    leaves = levels.members(levels.depth)
    values = _leaf_values(case)
    lost = [
        credit <= 0.0 or not scalable(values(rows))
        for credit, rows in zip(printed.levels[-1].credit, leaves, strict=True)
    ]
    return float(np.mean(lost))
