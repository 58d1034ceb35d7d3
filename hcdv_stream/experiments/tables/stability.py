"""How far the values of the same examples move when they are valued again.

The paper's measure is the coefficient of variation of an example's value over random splits. Two
readings of it are measured. *Valued twice*: examples, labels and embedding stay, V is one half of
the trusted rows and then the other, and a method's own draws are drawn anew. *Between splits*:
the set is cut anew, so encoder, V, peers, tree and wrong labels change as well, and what several
splits value is compared where its label is right in each.

The coefficient is pooled: the root mean square of the deviations over the mean size of an example's
mean. It flatters a method whose values lie far from 0, so the rank agreement stands beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from hcdv_stream.experiments.common.cases import ExperimentCase
from hcdv_stream.experiments.common.methods import Method
from hcdv_stream.experiments.common.protocol import Rows
from hcdv_stream.valuation.methods.rank_correlation import spearman
from hcdv_stream.valuation.validation import Validation

MOST = 3_000
"""Examples that are valued twice, the first ones where a case has more."""
ANEW = 10_000
"""Added to the seed of what is valued the second time."""

Stability = Mapping[str, float | None]


def twice(case: ExperimentCase, method: Method) -> Stability:
    """Value the same examples by each half of V and compare."""
    mixed = np.random.default_rng([case.seed, 3]).permutation(len(case.validation))
    rows = np.arange(min(MOST, len(case.labels)))
    few = case.take(rows)
    valued = [
        method(
            replace(few, validation=_part(case.validation, half), seed=case.seed + ANEW * turn)
        ).values
        for turn, half in enumerate(np.array_split(mixed, 2))
    ]
    return stability([dict(enumerate(values.tolist())) for values in valued])


def _part(validation: Validation, rows: Rows) -> Validation:
    return Validation(validation.embeddings[rows], validation.labels[rows])


def stability(splits: Sequence[Mapping[int, float]]) -> Stability:
    """Return how far splits, each from examples to values, differ; None where none are shared.

    ``variation`` is the pooled standard deviation over splits by the mean size of an example's
    mean; ``agreement`` the rank correlation of two splits on what they share, averaged over pairs.
    """
    rows = sorted({row for split in splits for row in split})
    seen = [[split[row] for split in splits if row in split] for row in rows]
    several = [values for values in seen if len(values) > 1]
    size = np.mean([abs(np.mean(values)) for values in several]) if several else 0.0
    if not size:
        return {"variation": None, "agreement": None}
    spread = np.sqrt(np.mean([np.var(values, ddof=1) for values in several]))
    pairs = [pair for pair in combinations(splits, 2) if len(pair[0].keys() & pair[1].keys()) > 2]
    return {
        "variation": float(spread / size),
        "agreement": float(np.mean([_agreement(*pair) for pair in pairs])) if pairs else None,
    }


def _agreement(first: Mapping[int, float], second: Mapping[int, float]) -> float:
    common = sorted(first.keys() & second.keys())
    return float(spearman(*(np.array([split[row] for row in common]) for split in (first, second))))
