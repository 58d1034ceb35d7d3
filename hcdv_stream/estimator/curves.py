"""Removal and addition curves: how good a model is as examples leave or come in order of value.

Taking the least valuable examples away first should help at the start; taking the most valuable
away first should hurt at once. Cost: one training for each point of a curve.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.metrics import get_scorer

from hcdv_stream.estimator.tabular import take

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Order = Literal["highest", "lowest", "random"]
Score = Callable[[Rows], float]

SHARES = tuple(np.linspace(0.0, 0.5, 11).tolist())
"""Shares of the examples removed or added, where none are given."""


@dataclass(frozen=True, slots=True)
class Curve:
    """``scores`` (m,) after a share ``shares`` (m,) of the examples was removed, or was added.

    ``order`` says which examples go first.
    """

    kind: Literal["removal", "addition"]
    order: Order
    shares: Floats
    scores: Floats


def trained_score(
    model: Any, X: Any, y: Any, X_test: Any, y_test: Any, *, scoring: str = "balanced_accuracy"
) -> Score:
    """Return what judges rows of X: a clone of the scikit-learn model trained on them and scored.

    ``scoring`` is scikit-learn's name of a metric. Rows of one class answer that class.
    """
    scorer, labels = get_scorer(scoring), np.asarray(y)

    def score(rows: Rows) -> float:
        constant = len(np.unique(labels[rows])) < 2
        trained = DummyClassifier() if constant else clone(model)
        return float(scorer(trained.fit(take(X, rows), labels[rows]), X_test, y_test))

    return score


def removal_curve(
    values: npt.ArrayLike,
    score: Score,
    order: Order = "lowest",
    shares: Sequence[float] = SHARES,
    seed: int = 0,
) -> Curve:
    """Score what is left after shares in [0, 1) of the examples are gone.

    ``values`` (n,); an example whose value is NaN never takes part. Raises ValueError for a share
    that leaves nobody.
    """
    ranked = _ranked(values, order, seed)
    counts = [round(share * len(ranked)) for share in _checked(shares)]
    if max(counts) >= len(ranked):
        raise ValueError(f"shares must leave somebody, got {max(shares)} of {len(ranked)}")
    return _curve("removal", order, shares, [score(np.sort(ranked[gone:])) for gone in counts])


def addition_curve(
    values: npt.ArrayLike,
    score: Score,
    order: Order = "highest",
    shares: Sequence[float] = SHARES[1:],
    seed: int = 0,
) -> Curve:
    """Score shares in (0, 1] of the examples, those that go first by ``order``.

    ``values`` as in ``removal_curve``. Raises ValueError for a share of nobody.
    """
    ranked = _ranked(values, order, seed)
    counts = [round(share * len(ranked)) for share in _checked(shares)]
    if min(counts) < 1:
        raise ValueError(f"shares must add somebody, got {min(shares)} of {len(ranked)}")
    return _curve("addition", order, shares, [score(np.sort(ranked[:come])) for come in counts])


def _checked(shares: Sequence[float]) -> Sequence[float]:
    if not len(shares) or min(shares) < 0.0 or max(shares) > 1.0:
        raise ValueError(f"shares must lie in [0, 1], got {list(shares)}")
    return shares


def _ranked(values: npt.ArrayLike, order: Order, seed: int) -> Rows:
    """Return the rows that take part, those that go first in front."""
    worth = np.asarray(values, dtype=np.float64)
    rows = np.flatnonzero(~np.isnan(worth))
    if order == "random":
        return np.random.default_rng(seed).permutation(rows)
    if order not in ("highest", "lowest"):
        raise ValueError(f"order must be highest, lowest or random, got {order!r}")
    return rows[np.argsort(-worth[rows] if order == "highest" else worth[rows], kind="stable")]


def _curve(
    kind: Literal["removal", "addition"],
    order: Order,
    shares: Sequence[float],
    scores: Sequence[float],
) -> Curve:
    return Curve(kind, order, np.array(shares, np.float64), np.array(scores, np.float64))
