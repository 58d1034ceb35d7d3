"""Edits of a leaf's examples: whatever comes in, they stay columns sorted by id."""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.tree.leaf import LeafExamples

Rows = npt.NDArray[np.intp]


class Placing(NamedTuple):
    """Of each record of a batch, (n,): its place in the log, and whether it is a copy."""

    arrivals: npt.NDArray[np.int64]
    copies: npt.NDArray[np.bool_]


def edited(
    examples: LeafExamples,
    gone: Collection[str],
    batch: Batch,
    rows: Sequence[int],
    placing: Placing,
) -> LeafExamples:
    """Return ``examples`` without the ids in ``gone`` and with these rows of a batch.

    The ids of the rows must not be left in ``examples``.
    """
    new = np.array(rows, np.intp)
    added = LeafExamples(
        tuple(batch.ids[row] for row in rows),
        batch.labels[new],
        tuple(batch.providers[row] for row in rows),
        batch.timestamps[new],
        batch.embeddings[new],
        batch.fingerprints[new],
        placing.arrivals[new],
        placing.copies[new],
        batch.doubts[new],
    )
    kept = [row for row, name in enumerate(examples.ids) if name not in gone]
    return _sorted([examples, added], [*kept, *range(len(examples), len(examples) + len(rows))])


def subset(examples: LeafExamples, rows: Sequence[int] | Rows) -> LeafExamples:
    """Return some rows, ascending."""
    chosen = np.array(rows, np.intp)
    listed: list[int] = chosen.tolist()
    return LeafExamples(
        tuple(examples.ids[row] for row in listed),
        examples.labels[chosen],
        tuple(examples.providers[row] for row in listed),
        examples.timestamps[chosen],
        examples.embeddings[chosen],
        examples.fingerprints[chosen],
        examples.arrivals[chosen],
        examples.copies[chosen],
        examples.doubts[chosen],
    )


def remarked(examples: LeafExamples, copies: Mapping[str, bool]) -> LeafExamples:
    """Return the same examples with these ids marked as copies, or as none."""
    marks = examples.copies.copy()
    for name, copy in copies.items():
        marks[bisect_left(examples.ids, name)] = copy
    return replace(examples, copies=marks)


def joined(parts: Sequence[LeafExamples]) -> LeafExamples:
    """Return the union of disjoint parts, sorted by id."""
    return _sorted(parts, range(sum(map(len, parts))))


def _sorted(parts: Sequence[LeafExamples], rows: Sequence[int]) -> LeafExamples:
    """Return some rows of the parts, one behind the other, sorted by id."""
    ids = [name for part in parts for name in part.ids]
    providers = [name for part in parts for name in part.providers]
    order = sorted(rows, key=ids.__getitem__)
    chosen = np.array(order, np.intp)
    return LeafExamples(
        tuple(ids[row] for row in order),
        np.concatenate([part.labels for part in parts])[chosen],
        tuple(providers[row] for row in order),
        np.concatenate([part.timestamps for part in parts])[chosen],
        np.concatenate([part.embeddings for part in parts])[chosen],
        np.concatenate([part.fingerprints for part in parts])[chosen],
        np.concatenate([part.arrivals for part in parts])[chosen],
        np.concatenate([part.copies for part in parts])[chosen],
        np.concatenate([part.doubts for part in parts])[chosen],
    )
