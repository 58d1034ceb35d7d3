"""How good predictions are, in [0, 1] whatever the metric, for many models at once.

Every metric takes scores (P, v, C) of P models for v evaluated examples and C classes, and the
examples' labels (v,), and gives (P,). An example is given the class of its highest score, ties to
the lowest class. One example evaluated by nobody (v = 0) is worth 0.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.rank_correlation import ranks

Labels = npt.NDArray[np.int16]
Metric = Callable[[Floats, Labels], Floats]

FLOOR = 1e-6
"""Least probability that log-loss counts: a class that a coalition lacks would be infinite."""


def accuracy(scores: Floats, labels: Labels) -> Floats:
    """Return the share of the examples that get their own class.

    Parameters
    ----------
    scores : ndarray of shape (P, v, C)
        The scores of P models for v examples and C classes.
    labels : ndarray of int16 of shape (v,)
        The class indices of the examples.

    Returns
    -------
    ndarray of shape (P,)
        Shares from 0 to 1; 0 without examples.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import accuracy
    >>> scores = np.array([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]])
    >>> accuracy(scores, np.array([0, 1, 1, 1], np.int16)).round(3).tolist()
    [0.5]

    """
    if not len(labels):
        return np.zeros(len(scores))
    right: Floats = (scores.argmax(axis=2) == labels).mean(axis=1)
    return right


def balanced_accuracy(scores: Floats, labels: Labels) -> Floats:
    """Return the mean over the classes that V has of the share found.

    Parameters
    ----------
    scores : ndarray of shape (P, v, C)
        The scores of P models for v examples and C classes.
    labels : ndarray of int16 of shape (v,)
        The class indices of the examples.

    Returns
    -------
    ndarray of shape (P,)
        Shares from 0 to 1; 0 without examples.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import balanced_accuracy
    >>> scores = np.array([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]])
    >>> balanced_accuracy(scores, np.array([0, 1, 1, 1], np.int16)).round(3).tolist()
    [0.667]

    """
    right = scores.argmax(axis=2) == labels
    present = np.unique(labels)
    found = [right[:, labels == label].mean(axis=1) for label in present]
    return np.mean(found, axis=0) if found else np.zeros(len(scores))


def auc(scores: Floats, labels: Labels) -> Floats:
    """Return the area under the ROC curve.

    With more than two classes it is the mean of the areas of each class against the others. Ties
    count half. A class that V lacks, or is all of V, does not count.

    Parameters
    ----------
    scores : ndarray of shape (P, v, C)
        The scores of P models for v examples and C classes.
    labels : ndarray of int16 of shape (v,)
        The class indices of the examples.

    Returns
    -------
    ndarray of shape (P,)
        Areas from 0 to 1; 0.5 if no class counts.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import auc
    >>> scores = np.array([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]])
    >>> auc(scores, np.array([0, 1, 1, 1], np.int16)).round(3).tolist()
    [1.0]

    """
    classes = [1] if scores.shape[2] == 2 else range(scores.shape[2])
    areas = [_area(scores[:, :, label], labels == label) for label in classes]
    counted = [area for area in areas if area is not None]
    return np.mean(counted, axis=0) if counted else np.full(len(scores), 0.5)


def _area(scores: Floats, positive: npt.NDArray[np.bool_]) -> Floats | None:
    ones = int(positive.sum())
    zeros = len(positive) - ones
    if not ones or not zeros:
        return None
    above = ranks(scores)[:, positive].sum(axis=1) - ones * (ones + 1) / 2
    area: Floats = above / (ones * zeros)
    return area


def likelihood(scores: Floats, labels: Labels) -> Floats:
    """exp(−log-loss): the geometric mean of the probability that each example's class was given.

    Scores are clipped to [0, 1] and normalised first, which leaves probabilities as they are; no
    probability counts less than FLOOR.

    Parameters
    ----------
    scores : ndarray of shape (P, v, C)
        The scores of P models for v examples and C classes.
    labels : ndarray of int16 of shape (v,)
        The class indices of the examples.

    Returns
    -------
    ndarray of shape (P,)
        Means from 0 to 1; 0 without examples.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import likelihood
    >>> scores = np.array([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]])
    >>> likelihood(scores, np.array([0, 1, 1, 1], np.int16)).round(3).tolist()
    [0.542]

    """
    if not len(labels):
        return np.zeros(len(scores))
    clipped = np.clip(scores, 0.0, 1.0)
    totals = clipped.sum(axis=2)
    own = np.take_along_axis(clipped, labels.astype(np.intp)[None, :, None], axis=2)[:, :, 0]
    shares = np.divide(own, totals, out=np.zeros_like(own), where=totals > 0)
    logs: Floats = np.log(np.maximum(shares, FLOOR)).mean(axis=1)
    return np.exp(logs)


METRICS: Mapping[str, Metric] = {
    "accuracy": accuracy,
    "balanced": balanced_accuracy,
    "auc": auc,
    "log-loss": likelihood,
}


def metric_of(name: str) -> Metric:
    """Return the metric of that name. Raises ValueError, naming those there are."""
    if name not in METRICS:
        raise ValueError(f"no metric {name!r}; there are {', '.join(METRICS)}")
    return METRICS[name]
