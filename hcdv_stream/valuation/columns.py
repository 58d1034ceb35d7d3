"""Edits of a leaf's points: whatever comes in, they stay columns sorted by id."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.leaf import Points


def edited(points: Points, gone: Collection[str], batch: Batch, rows: Sequence[int]) -> Points:
    """Return ``points`` without the ids in ``gone`` and with these rows of a batch.

    The ids of the rows must not be left in ``points``.
    """
    kept = [row for row, name in enumerate(points.ids) if name not in gone]
    new = list(rows)
    added = Points(
        tuple(batch.ids[row] for row in new),
        batch.labels[new],
        tuple(batch.providers[row] for row in new),
        batch.timestamps[new],
        batch.embeddings[new],
        batch.fingerprints[new],
    )
    return joined([subset(points, kept), added])


def subset(points: Points, rows: Sequence[int] | npt.NDArray[np.intp]) -> Points:
    """Return some rows, ascending."""
    chosen = list(rows)
    return Points(
        tuple(points.ids[row] for row in chosen),
        points.labels[chosen],
        tuple(points.providers[row] for row in chosen),
        points.timestamps[chosen],
        points.embeddings[chosen],
        points.fingerprints[chosen],
    )


def joined(parts: Sequence[Points]) -> Points:
    """Return the union of disjoint parts, sorted by id."""
    ids = [name for part in parts for name in part.ids]
    providers = [name for part in parts for name in part.providers]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return Points(
        tuple(ids[row] for row in order),
        np.concatenate([part.labels for part in parts])[order],
        tuple(providers[row] for row in order),
        np.concatenate([part.timestamps for part in parts])[order],
        np.concatenate([part.embeddings for part in parts])[order],
        np.concatenate([part.fingerprints for part in parts])[order],
    )
