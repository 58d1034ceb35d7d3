"""What a learner is given: examples to train on, and V to judge with."""

from dataclasses import dataclass

import numpy as np

from hcdv_stream.learners.metrics import Labels
from hcdv_stream.valuation.arrays import Floats


@dataclass(frozen=True, slots=True)
class Task:
    """n examples, v judges, C classes.

    ``features`` (n, width) and ``judge_features`` (v, width); ``labels`` (n,) and ``judges`` (v,)
    are int16 class indices below ``classes``. Raises ValueError where they do not fit together.
    """

    features: Floats
    labels: Labels
    judge_features: Floats
    judges: Labels
    classes: int

    def __post_init__(self) -> None:
        pairs = ((self.features, self.labels), (self.judge_features, self.judges))
        for name, (rows, labels) in zip(("features", "judge_features"), pairs, strict=True):
            if rows.ndim != 2 or len(rows) != len(labels):
                raise ValueError(
                    f"{name} must have a row for each of {len(labels)} labels, got {rows.shape}"
                )
            if len(labels) and not 0 <= int(np.min(labels)) <= int(np.max(labels)) < self.classes:
                raise ValueError(f"labels must lie in 0 to {self.classes - 1}")
        if self.features.shape[1] != self.judge_features.shape[1]:
            raise ValueError(
                f"judge_features must be {self.features.shape[1]} wide as features are, "
                f"got {self.judge_features.shape[1]}"
            )
