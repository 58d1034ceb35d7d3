"""What a selection is worth: the AUC of gradient boosting that is trained on it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from hcdv_stream.offline.examples import Examples
from hcdv_stream.valuation.selection import select

Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

SHARE = 0.2
RANDOM_DRAWS = 3
"""A random draw's AUC is the mean of this many."""
_MOST_CATEGORIES = 250
"""Gradient boosting takes at most 255."""


class TreeInput:
    """Turns examples into matrices for tree learners, with categories as codes of one set's.

    Categories beyond the most frequent ones, unseen ones and gaps become NaN.
    """

    def __init__(self, examples: Examples) -> None:
        self._codes: dict[str, Mapping[str, float]] = {
            name: _category_codes(column)
            for name, column in examples.columns.items()
            if any(isinstance(value, str) for value in column)
        }
        self._names = list(examples.columns)

    @property
    def categorical(self) -> npt.NDArray[np.bool_]:
        """Which columns of a matrix are codes."""
        return np.array([name in self._codes for name in self._names])

    def matrix(self, examples: Examples) -> Matrix:
        """Return the features, shape (n, features)."""
        return np.column_stack([self._column(name, examples) for name in self._names])

    def _column(self, name: str, examples: Examples) -> Matrix:
        column, codes = examples.columns[name], self._codes.get(name)
        if codes is not None:
            return np.array([codes.get(value, np.nan) for value in column])
        return np.array([np.nan if value is None else float(value) for value in column])


@dataclass(frozen=True, slots=True)
class SelectionScorer:
    """Trains on rows of ``candidates`` (n, width), scores on ``test``; labels are class codes."""

    candidates: Matrix
    labels: Codes
    test: Matrix
    test_labels: Codes
    categorical: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, candidates: Examples, test: Examples, classes: Sequence[str]) -> "SelectionScorer":
        """Score selections among ``candidates`` by ``test``; labels are among ``classes``."""
        index = {name: code for code, name in enumerate(classes)}
        trees = TreeInput(candidates)
        return cls(
            trees.matrix(candidates),
            np.array([index[label] for label in candidates.labels], dtype=np.int64),
            trees.matrix(test),
            np.array([index[label] for label in test.labels], dtype=np.int64),
            trees.categorical,
        )

    def auc(self, rows: Rows) -> float:
        """Return the AUC on the test examples, macro one-versus-rest for many classes.

        It is ½ where the rows hold fewer classes than the test: nothing can be ranked then.
        """
        present = np.unique(self.labels[rows])
        if not np.isin(self.test_labels, present).all() or len(present) < 2:
            return 0.5
        model = HistGradientBoostingClassifier(
            categorical_features=self.categorical, early_stopping=False, random_state=0
        )
        model.fit(self.candidates[rows], self.labels[rows])
        scores = model.predict_proba(self.test)
        if scores.shape[1] == 2:
            return float(roc_auc_score(self.test_labels, scores[:, 1]))
        return float(
            roc_auc_score(self.test_labels, scores, multi_class="ovr", labels=model.classes_)
        )


def compare(
    scorer: SelectionScorer,
    values: npt.NDArray[np.float64],
    selected: Rows,
    seed: int,
    done: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Return the AUC by way of choosing a fifth: select, top, random; and of choosing all.

    ``values`` (n,) are the candidates', ``selected`` the rows that the service chose. ``done`` is
    called after each.
    """
    aucs = {}
    for name, draws in _selections(values, scorer.labels, selected, seed).items():
        aucs[name] = float(np.mean([scorer.auc(rows) for rows in draws]))
        done()
    return aucs


def detection(
    values: npt.NDArray[np.float64], labels: Sequence[str], flipped: npt.NDArray[np.bool_]
) -> float | None:
    """Return how well low values find wrong labels: the AUC inside each class, averaged.

    None where there is none to find.
    """
    found = []
    for label in sorted(set(labels)):
        rows = np.array([other == label for other in labels])
        if 0 < flipped[rows].sum() < rows.sum():
            found.append(float(roc_auc_score(flipped[rows], -values[rows])))
    return float(np.mean(found)) if found else None


def _selections(
    values: npt.NDArray[np.float64], labels: Codes, selected: Rows, seed: int
) -> dict[str, list[Rows]]:
    count = len(values)
    wanted = max(1, round(SHARE * count))
    generators = [np.random.default_rng([seed, 7, draw]) for draw in range(RANDOM_DRAWS + 1)]
    return {
        "select20": [selected],
        "top20": [select(values, labels, SHARE, "top", generators[0])],
        "random20": [generator.permutation(count)[:wanted] for generator in generators[1:]],
        "all": [np.arange(count)],
    }


def _category_codes(column: Sequence[object]) -> Mapping[str, float]:
    counted = Counter(value for value in column if isinstance(value, str))
    kept = sorted(name for name, _ in counted.most_common(_MOST_CATEGORIES))
    return {name: float(code) for code, name in enumerate(kept)}
