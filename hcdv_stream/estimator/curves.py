"""Removal and addition curves: how good a model is as examples leave or come in order of value.

Taking the least valuable examples away first should help at the start; taking the most valuable
away first should hurt at once. Cost: one training for each example of a curve.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.metrics import get_scorer

from hcdv_stream.estimator.constraints import RealNumber, shown
from hcdv_stream.estimator.parameters import seed_of
from hcdv_stream.estimator.tabular import take
from hcdv_stream.valuation.arrays import Floats

Rows = npt.NDArray[np.intp]
Order = Literal["highest", "lowest", "random"]
Score = Callable[[Rows], float]

SHARES = tuple(np.linspace(0.0, 0.5, 11).tolist())
"""Shares of the examples removed or added, where none are given."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Scores after shares of the examples were removed, or were added.

    Parameters
    ----------
    kind : {"removal", "addition"}
        What happens to the examples.
    order : {"highest", "lowest", "random"}
        Which examples go first.
    shares : ndarray of shape (m,)
        Shares of the examples.
    scores : ndarray of shape (m,)
        The score after each share.

    Examples
    --------
    >>> from hcdv_stream.methods import removal_curve
    >>> curve = removal_curve([0.3, -0.1], len, shares=[0.0, 0.5])
    >>> curve.kind, curve.order, curve.scores.tolist()
    ('removal', 'lowest', [2.0, 1.0])

    """

    kind: Literal["removal", "addition"]
    order: Order
    shares: Floats
    scores: Floats


def trained_score(
    model: Any, X: Any, y: Any, X_test: Any, y_test: Any, *, scoring: str = "balanced_accuracy"
) -> Score:
    """Return a function that trains a clone of a model on rows of X and scores it.

    Parameters
    ----------
    model : scikit-learn classifier
        What is trained. Rows of one class answer that class.
    X, y : array-like of shape (n, n_features) and (n,)
        The examples.
    X_test, y_test : array-like
        What the model is scored on. Use examples that did not judge.
    scoring : str, default="balanced_accuracy"
        scikit-learn's name of a metric.

    Returns
    -------
    callable
        Gets indices into X and returns a score.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from hcdv_stream.methods import trained_score
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> score = trained_score(DecisionTreeClassifier(), X, y, X, y)
    >>> score([1, 2])
    1.0

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
    """Score what is left after shares of the examples are gone.

    Parameters
    ----------
    values : array-like of shape (n,)
        What each example is worth; one whose value is NaN never takes part.
    score : callable
        Gets ascending indices and returns a score; see `trained_score`.
    order : {"lowest", "highest", "random"}, default="lowest"
        Which examples go first.
    shares : sequence of float, optional
        Shares in [0, 1). The default is 0 to 0.5 in steps of 0.05.
    seed : int, default=0
        Decides the random order.

    Returns
    -------
    Curve

    Raises
    ------
    ValueError
        If a share leaves nobody, or ``order`` is unknown.

    Examples
    --------
    >>> from hcdv_stream.methods import removal_curve
    >>> curve = removal_curve([0.3, -0.1, 0.2, 0.1], len, "lowest", shares=[0.0, 0.5])
    >>> curve.scores.tolist()  # here the score is how many are left
    [4.0, 2.0]

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
    """Score shares of the examples, those that go first.

    Parameters
    ----------
    values, score, seed
        As in `removal_curve`.
    order : {"highest", "lowest", "random"}, default="highest"
        Which examples go first.
    shares : sequence of float, optional
        Shares in (0, 1]. The default is 0.05 to 0.5 in steps of 0.05.

    Returns
    -------
    Curve

    Raises
    ------
    ValueError
        If a share is of nobody, or ``order`` is unknown.

    Examples
    --------
    >>> from hcdv_stream.methods import addition_curve
    >>> addition_curve([0.3, -0.1, 0.2, 0.1], len, shares=[0.25, 1.0]).scores.tolist()
    [1.0, 4.0]

    """
    ranked = _ranked(values, order, seed)
    counts = [round(share * len(ranked)) for share in _checked(shares)]
    if min(counts) < 1:
        raise ValueError(f"shares must add somebody, got {min(shares)} of {len(ranked)}")
    return _curve("addition", order, shares, [score(np.sort(ranked[:come])) for come in counts])


def _checked(shares: Any) -> Sequence[float]:
    within = RealNumber(0.0, 1.0)
    if isinstance(shares, str) or not isinstance(shares, Sequence | np.ndarray):
        raise ValueError(f"shares must be a sequence of numbers from 0 to 1, got {shown(shares)}")
    if not len(shares) or not all(map(within.accepts, shares)):
        raise ValueError(f"shares must lie in [0, 1], got {shown(list(shares))}")
    return [float(share) for share in shares]


def _ranked(values: npt.ArrayLike, order: Order, seed: int) -> Rows:
    """Return the rows that take part, those that go first in front."""
    try:
        worth = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"values must be numbers, (n,), got {shown(values)}") from None
    if worth.ndim != 1:
        raise ValueError(f"values must have the shape (n,), got {worth.shape}")
    rows = np.flatnonzero(~np.isnan(worth))
    if order == "random":
        return np.random.default_rng(seed_of(seed)).permutation(rows)
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
