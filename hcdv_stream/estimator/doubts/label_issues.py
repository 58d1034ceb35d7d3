"""Examples whose label is probably wrong, with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.estimator.doubts.doubting import AlignedDoubts
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.reasons import reason
from hcdv_stream.valuation.methods.frames import frame
from hcdv_stream.valuation.values import Values

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class LabelIssues:
    """k examples, the most doubtful first.

    Attributes
    ----------
    indices : ndarray of shape (k,)
        Where they are in X, in the order of arrival.
    given, suggested : ndarray of shape (k,)
        Their labels, and those that the models find likeliest instead.
    doubt : ndarray of shape (k,)
        The probabilities that the given labels are wrong, from 0 to 1.
    value : ndarray of shape (k,)
        Their Shapley values.
    why : list of str
        What speaks against each label, in a sentence.

    """

    indices: npt.NDArray[np.intp]
    given: Array
    suggested: Array
    doubt: Floats
    value: Floats
    why: list[str]

    def __len__(self) -> int:
        return len(self.indices)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame; its index is ``index``. Raises ImportError without pandas."""
        columns = {
            "given": self.given,
            "suggested": self.suggested,
            "doubt": self.doubt,
            "value": self.value,
            "why": self.why,
        }
        found = frame(columns, self.indices, {})
        found.index.name = "index"
        return found


def label_issues(
    doubts: AlignedDoubts,
    labels: npt.NDArray[np.int16],
    classes: Array,
    values: Values,
    *,
    models: Sequence[str],
    threshold: float,
) -> LabelIssues:
    """Return the examples whose doubt is above ``threshold``; raises ValueError."""
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"threshold must lie in [0, 1], got {threshold}")
    above = np.flatnonzero(np.nan_to_num(doubts.doubt, nan=-1.0) > threshold)
    rows = above[np.argsort(-doubts.doubt[above], kind="stable")]
    worth = values.value
    return LabelIssues(
        rows,
        classes[labels[rows]],
        classes[doubts.suggested[rows]],
        doubts.doubt[rows],
        worth[rows],
        [
            reason(
                dict(zip(models, doubts.support[row].tolist(), strict=True)),
                float(values.evaluated[row]),
            )
            for row in rows.tolist()
        ],
    )
