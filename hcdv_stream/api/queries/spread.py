"""How values are spread: counts of examples by class and bin."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.queries.query import CorpusQuery, ShardContext, ShardScope
from hcdv_stream.valuation.arrays import Floats


class SpreadParameters(Model):
    """The edges of the bins, ascending."""

    edges: list[float]


class Spread(Model):
    """Counts by class, and by class and bin."""

    counts: list[list[int]]
    below: list[int]
    above: list[int]
    negative: list[int]


def _answer(context: ShardContext, parameters: SpreadParameters) -> Spread:
    scaled, edges = context.values, np.array(parameters.edges)
    count = len(scaled.partitions[0].identity.classes) if scaled.partitions else 0
    cells = np.zeros((count, len(edges) + 1), np.int64)
    negative = np.zeros(count, np.int64)
    for partition, values in zip(scaled.partitions, scaled.values(), strict=True):
        labels = partition.table.label.astype(np.int64)
        places = labels * cells.shape[1] + _bins(values, edges)
        cells += np.bincount(places, minlength=cells.size).reshape(cells.shape)
        negative += np.bincount(labels[values < 0], minlength=count)
    return Spread(
        counts=cells[:, 1:-1].tolist(),
        below=cells[:, 0].tolist(),
        above=cells[:, -1].tolist(),
        negative=negative.tolist(),
    )


def _bins(values: Floats, edges: Floats) -> npt.NDArray[np.int64]:
    """Number the bins from 1; 0 is below, and behind the last one is above."""
    places = np.searchsorted(edges, values, side="right")
    return np.where(values == edges[-1], len(edges) - 1, places).astype(np.int64)


def _plausible(parameters: SpreadParameters, answer: Spread, scope: ShardScope) -> bool:
    bins = len(parameters.edges) - 1
    ends = (answer.below, answer.above, answer.negative)
    return (
        len(answer.counts) == scope.classes
        and all(len(each) == bins for each in answer.counts)
        and all(len(each) == scope.classes for each in ends)
    )


def _merge(answers: Sequence[Spread], _: SpreadParameters) -> Spread:
    return Spread(
        **{
            name: np.sum([getattr(one, name) for one in answers], axis=0).tolist()
            for name in Spread.model_fields
        }
    )


SPREAD = CorpusQuery(
    name="spread",
    parameters=SpreadParameters,
    shard_answer=Spread,
    answer=_answer,
    merge=_merge,
    plausible=_plausible,
)
