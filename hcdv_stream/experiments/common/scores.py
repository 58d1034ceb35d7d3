"""What one set of values scored on one case, and what many scores come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hcdv_stream.experiments.common.cases import ExperimentCase
from hcdv_stream.experiments.common.measures import Rows, detection, top
from hcdv_stream.experiments.common.methods import Valued

SHARE = 0.3
DRAWS = 3
"""Random draws that are averaged wherever a selection is random."""

MEASURES = ("detection", "top", "select")


@dataclass(frozen=True, slots=True)
class References:
    """AUC of models trained without any valuation, the yardsticks of ``utility``.

    ``random`` is a random SHARE, ``clean`` the same out of the examples whose label is right,
    ``everything`` all of them.
    """

    random: float
    clean: float
    everything: float

    @classmethod
    def of(cls, case: ExperimentCase) -> "References":
        """Train and score them."""
        everyone = np.arange(len(case.labels))
        return cls(
            random=_drawn(case, everyone, 0),
            clean=_drawn(case, np.flatnonzero(~case.flipped), 1),
            everything=case.downstream.utility(everyone),
        )


def _drawn(case: ExperimentCase, among: Rows, stream: int) -> float:
    generator = np.random.default_rng([case.seed, stream])
    size = min(round(SHARE * len(case.labels)), len(among))
    draws = [generator.permutation(among)[:size] for _ in range(DRAWS)]
    return float(np.mean([case.downstream.utility(rows) for rows in draws]))


def score(case: ExperimentCase, valued: Valued) -> dict[str, float]:
    """Return detection, and the AUC of models trained on the top and on the selected SHARE."""
    generator = np.random.default_rng([case.seed, 2])
    selected = [
        case.downstream.utility(valued.selected(case.labels, SHARE, generator))
        for _ in range(DRAWS)
    ]
    return {
        "detection": detection(valued.values, case.labels, case.flipped),
        "top": case.downstream.utility(top(valued.values, SHARE)),
        "select": float(np.mean(selected)),
    }


def spread_of(numbers: Sequence[float]) -> Mapping[str, float]:
    """Return mean and sample standard deviation (0 for a single number)."""
    deviation = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else 0.0
    return {"mean": float(np.mean(numbers)), "sd": deviation}
