"""Data-OOB: an example is worth how often trees that did not see it get it right.

Kwon and Zou, "Data-OOB: Out-of-bag Estimate as a Simple and Efficient Data Value", ICML 2023,
eq. 3, with bagged decision trees. Costs one fit of each tree; needs no validation set.
"""

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from sklearn.tree import DecisionTreeClassifier

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.sampling.run import Estimate

Labels = npt.NDArray[np.int16]
Draw = tuple[npt.NDArray[np.int64], int]


def data_oob(features: Floats, labels: Labels, trees: int, seed: int, jobs: int = 1) -> Estimate:
    """Return the share of the trees that left an example out and predict its label, (n,).

    ``features`` is (n, width), NaN allowed. The standard errors are those of a share, seen by as
    many trees. An example that every bootstrap drew (for 100 trees one in 10^20) gets the mean of
    the others, which says nothing about it. Raises ValueError for fewer than one tree.
    """
    if trees < 1:
        raise ValueError(f"trees must be at least 1, got {trees}")
    n = len(labels)
    draws = _draws(n, trees, np.random.default_rng(seed))
    found = Parallel(n_jobs=jobs)(
        delayed(_left_out_votes)(features, labels, draw) for draw in draws
    )
    correct = np.sum([right for _, right in found], axis=0, dtype=np.float64)
    evaluated: Floats = np.sum([left_out for left_out, _ in found], axis=0, dtype=np.float64)
    seen = np.maximum(evaluated, 1.0)
    values = np.where(evaluated > 0, correct / seen, correct.sum() / max(evaluated.sum(), 1.0))
    return Estimate(
        method="data-oob",
        values=values,
        stderr=np.where(evaluated > 0, np.sqrt(values * (1.0 - values) / seen), np.nan),
        counts=evaluated.astype(np.int64),
        evaluations=trees,
        seed=seed,
        rounds=trees,
        parameters={"trees": trees},
    )


def _draws(n: int, trees: int, generator: np.random.Generator) -> list[Draw]:
    """Return each tree's bootstrap and seed."""
    return [(generator.integers(n, size=n), int(generator.integers(2**31))) for _ in range(trees)]


def _left_out_votes(
    features: Floats, labels: Labels, draw: Draw
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Fit one tree: which examples it left out, and which of these it gets right, (n,) each."""
    drawn, seed = draw
    left_out = np.ones(len(labels), np.bool_)
    left_out[drawn] = False
    tree = DecisionTreeClassifier(random_state=seed).fit(features[drawn], labels[drawn])
    right = np.zeros(len(labels), np.bool_)
    if left_out.any():
        right[left_out] = tree.predict(features[left_out]) == labels[left_out]
    return left_out, right
