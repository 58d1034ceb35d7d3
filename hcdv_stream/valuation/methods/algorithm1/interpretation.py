"""What the printed text leaves open, one option each; ``docs/algorithm1.md`` argues the defaults.

``Averaged`` (Eq. 9 or Eq. 18) belongs to the characteristic function (``characteristic``), and
``Counted`` (what K_ℓ counts) to the hierarchy (``levels``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Players = Literal["siblings", "level"]
"""Who plays at level ℓ. ``level``: all of C_ℓ, as Eq. 12 has it. ``siblings``: the children of one
parent at a time, as "the children still play their own Shapley game" has it."""

Scope = Literal["parent", "level"]
"""Over whom line 9 takes its sum. ``level``: all of C_ℓ, as printed, the pot being the sum of the
budgets, which mass conservation makes B_0 at every level. ``parent``: the children of one parent,
the pot being the parent's credit, as mass conservation in the proof of Theorem 1 has it."""

Omega = Literal["fallback", "blend", "product", "budget"]
"""What the budgets ω·ψ̂ (Eq. 14–15) are for once the game has been played. Line 9 takes their sum
only, so within its scope they cancel out. ``fallback``: they do, and serve where the game cannot
be rescaled. ``blend``: a credit is the mean of budget and rescaled game. ``product``: line 9 read
coalition by coalition, B_ℓ(G)·ψ̂_G, brought to the pot again. ``budget``: Eq. 15 is the credit and
only the leaves play."""

Unscalable = Literal["omega", "shift", "clip", "as-printed"]
"""What line 9 does where Σψ̂ is not clearly positive (``pots.TOLERANCE``). ``omega``: divides by ω.
``shift``: adds the same number to every ψ̂, so that they sum to the pot. ``clip``: counts negative
ψ̂ as 0. ``as-printed``: divides by Σψ̂ all the same, unless it is 0."""

Draws = Literal["shared", "own", "antithetic"]
"""The T permutations of Eq. 13. ``shared``: one set for all players of a game, so that marginals
telescope. ``own``: a set for each player, 2T evaluations each, as the text counts them.
``antithetic``: every subset up to ten players, else pairs of an order and its reverse, shared."""

LeafRule = Literal["exact", "sampled", "uniform"]
"""A leaf of at most M examples. ``exact``: all its coalitions. ``sampled``: T permutations, where
it has too many. ``uniform``: equal parts, the paper's other choice, and what larger leaves get."""


CHOICES: Mapping[str, tuple[str, ...]] = {
    "players": get_args(Players),
    "scope": get_args(Scope),
    "omega": get_args(Omega),
    "unscalable": get_args(Unscalable),
    "draws": get_args(Draws),
    "leaf": get_args(LeafRule),
}
"""The options of an interpretation, each with its choices."""


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless a value is one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One way to read Algorithm 1; the types of the parameters say what each choice means.

    Parameters
    ----------
    players : {"siblings", "level"}, default="siblings"
        Who plays at a level.
    scope : {"parent", "level"}, default="parent"
        Over whom line 9 takes its sum.
    omega : {"fallback", "blend", "product", "budget"}, default="fallback"
        What the budgets are for.
    unscalable : {"omega", "shift", "clip", "as-printed"}, default="omega"
        What line 9 does if its sum is not clearly positive.
    draws : {"antithetic", "shared", "own"}, default="antithetic"
        How permutations are drawn.
    leaf : {"exact", "sampled", "uniform"}, default="exact"
        How a leaf is played.

    Examples
    --------
    >>> from hcdv_stream.methods import Interpretation
    >>> Interpretation(omega="blend").omega
    'blend'

    """

    players: Players = "siblings"
    scope: Scope = "parent"
    omega: Omega = "fallback"
    unscalable: Unscalable = "omega"
    draws: Draws = "antithetic"
    leaf: LeafRule = "exact"

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            check_choice(name, getattr(self, name), choices)
