"""Methods that play any learner in a hierarchy cut from a file: Algorithm 1, and Owen–Winter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from hcdv_stream.methods.hierarchical import DEFAULT_INTERPRETATION
from hcdv_stream.valuation.games.characteristic import Averaged
from hcdv_stream.valuation.methods.algorithm1 import Interpretation, interpretation
from hcdv_stream.valuation.methods.level_structure import OrderRule
from hcdv_stream.valuation.methods.levels import Counted

CHOICES: Mapping[str, tuple[str, ...]] = {
    **interpretation.CHOICES,
    "averaged": get_args(Averaged),
    "counted": get_args(Counted),
    "orders": get_args(OrderRule),
}
"""What can be chosen by name, and between what: see ``docs/algorithm1.md``."""


@dataclass(frozen=True, slots=True)
class HierarchyOptions:
    """How the hierarchy is cut and played.

    ``counts`` are K_1, …, K_L, ``permutations`` is T and ``leaf_size`` M; None is what the settings
    say. ``averaged`` is which Δ joins the learner's metric, by λ; ``orders`` is the level-structure
    value's rule alone, ``interpretation`` Algorithm 1's.
    """

    counts: tuple[int, ...] | None = None
    permutations: int | None = None
    leaf_size: int | None = None
    interpretation: Interpretation = DEFAULT_INTERPRETATION
    averaged: Averaged = "mean"
    counted: Counted = "per-parent"
    orders: OrderRule = "stratified"


def chosen(options: HierarchyOptions, given: Iterable[str]) -> HierarchyOptions:
    """Return the options with ``NAME=VALUE`` choices made; raises ValueError for others."""
    for each in given:
        name, _, value = each.partition("=")
        if name not in CHOICES:
            raise ValueError(f"it must be one of {', '.join(CHOICES)}, got {name!r}")
        interpretation.check_choice(name, value, CHOICES[name])
        change: Any = {name: value}
        if name in interpretation.CHOICES:
            change = {"interpretation": replace(options.interpretation, **change)}
        options = replace(options, **change)
    return options
