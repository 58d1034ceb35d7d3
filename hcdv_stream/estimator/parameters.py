"""From an estimator's parameters to what the engine takes."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal, Protocol

from sklearn.utils import check_random_state

from hcdv_stream.estimator.constraints import check_arguments
from hcdv_stream.valuation.config import EngineConfig, GameName, Peers
from hcdv_stream.valuation.weights import DEFAULT_BETA, Weights


class Weighted(Protocol):
    """An estimator with weights of its own."""

    utility: str
    beta: float | None
    lam: float


class EngineParameters(Weighted, Protocol):
    """An estimator whose parameters become an ``EngineConfig``."""

    game: GameName
    peers: Peers
    neighbours: int
    leaf_size: int | Literal["auto"]
    branching: Sequence[int]
    tau: float | Literal["auto"]
    rebalance_every: int
    merge_below: int
    update_size: int
    permutations: int


EXAMPLES_PER_CLASS, LEAF_SIZES = 32, (64, 2048)
"""A leaf's size for ``auto``. Of few samples a class, the k nearest are mostly of other classes:
digits (500 samples, ten classes, a tenth mislabelled) are told apart with an AUC of 0.979 by leaves
of 64, of 0.994 by leaves of 320 and of 0.997 by a single leaf (twelve seeds)."""
AT_HAND = 1024
"""The least that ``auto`` makes of a corpus at hand, whose leaves are played once. On eight tuning
sets of up to 2,400 examples leaves of 1,024 find more wrong labels than those of 128 (0.859 against
0.845, experiment ``members``), for 0.1 s more; leaves of 512 are in between. ``select`` chooses as
well from clean labels (four sets, 0.03 points above leaves of 128) and from noisy ones (three sets,
0.5 above); the top 30% of noisy ones, which nobody should train on, are 2.3 points worse. A stream
plays its leaves again and again: there 64 are quicker."""
NO_JUDGES = "algorithm1 has no peers: give X_val or a validation_share"


def seed_of(random_state: Any) -> int:
    """Return an integer as it is, or draw one from a generator or from numpy's own.

    Raises ParameterError for anything else.
    """
    check_arguments(random_state=random_state)
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def engine_config(
    estimator: EngineParameters, classes: int, seed: int, samples: int | None
) -> EngineConfig:
    """Return the engine's parameters, τ being None for ``auto``; raises ValueError.

    The parameters are checked (``constraints``), each on its own. ``samples`` is how many examples
    there are, None if more are to come.
    """
    at_hand = samples if estimator.game == "routed" else None
    usual = usual_leaf_size(classes, at_hand)
    return EngineConfig(
        game=estimator.game,
        peers=estimator.peers,
        neighbours=int(estimator.neighbours),
        leaf_size=usual if estimator.leaf_size == "auto" else int(estimator.leaf_size),
        branching=tuple(map(int, estimator.branching)),
        tau=None if estimator.tau == "auto" else float(estimator.tau),
        rebalance_every=int(estimator.rebalance_every),
        merge_below=int(estimator.merge_below),
        update_size=int(estimator.update_size),
        permutations=int(estimator.permutations),
        contrast=float(estimator.lam),
        seed=seed,
    )


def usual_leaf_size(classes: int, samples: int | None) -> int:
    """Return a leaf's size for ``auto``: of a corpus of so many samples, of a stream for None."""
    fewest, most = LEAF_SIZES
    usual = min(max(fewest, EXAMPLES_PER_CLASS * classes), most)
    if samples is None:
        return usual
    return max(usual, AT_HAND)


def weights(
    estimator: Weighted, judges: int, utility: str | None, beta: float | None, lam: float | None
) -> Weights:
    """Return the weights of a reading, the estimator's own where one is None; raises ValueError."""
    beta = estimator.beta if beta is None else beta
    if beta is None:
        beta = DEFAULT_BETA if judges else 1.0
    return Weights(
        estimator.utility if utility is None else utility,
        beta,
        estimator.lam if lam is None else lam,
    )


def usual_weights(estimator: Weighted, game: GameName, judges: int) -> Weights | None:
    """Return the estimator's own weights, None where the game fixed them when it was played."""
    return weights(estimator, judges, None, None, None) if game == "routed" else None
