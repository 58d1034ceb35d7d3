"""Data-OOB: an example is worth how often trees that did not see it get it right.

Kwon and Zou, "Data-OOB: Out-of-bag Estimate as a Simple and Efficient Data Value", ICML 2023,
eq. 3, with bagged decision trees. Costs one fit of each tree; needs no validation set. Lives with
the experiments because the core knows numpy alone.
"""

import numpy as np
import numpy.typing as npt
from sklearn.tree import DecisionTreeClassifier

Values = npt.NDArray[np.float64]


def data_oob(
    features: npt.NDArray[np.float64], labels: npt.NDArray[np.int16], trees: int, seed: int
) -> Values:
    """Return the share of the trees that left an example out and predict its label, (n,).

    ``features`` is (n, width), NaN allowed. An example that every bootstrap drew (for 100 trees one
    in 10^20) gets the mean of the others, which says nothing about it. Raises ValueError for fewer
    than one tree.
    """
    if trees < 1:
        raise ValueError(f"trees must be at least 1, got {trees}")
    generator = np.random.default_rng(seed)
    n = len(labels)
    correct, judged = np.zeros(n), np.zeros(n)
    for _ in range(trees):
        drawn = generator.integers(n, size=n)
        left_out = np.ones(n, dtype=bool)
        left_out[drawn] = False
        tree = DecisionTreeClassifier(random_state=int(generator.integers(2**31)))
        tree.fit(features[drawn], labels[drawn])
        correct[left_out] += tree.predict(features[left_out]) == labels[left_out]
        judged += left_out
    values: Values = np.divide(correct, judged, out=np.full(n, np.nan), where=judged > 0)
    return np.where(judged > 0, values, correct.sum() / max(judged.sum(), 1.0))
