"""A table as a stream: in order of time, with wrong labels where an experiment wants them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from simulators.messages import ReplayError, Roles, with_ids
from simulators.sellers import flipped_rows


@dataclass(frozen=True, slots=True)
class Replay:
    """What is replayed, in order, and which rows (n,) carry a wrong label on purpose.

    ``true_labels`` is the label column before the flips.
    """

    table: pa.Table
    roles: Roles
    flipped: npt.NDArray[np.bool_]
    true_labels: pa.ChunkedArray

    def flips(self) -> pa.Table:
        """Return who was flipped: the columns ``id``, ``true_label`` and ``sent_label``."""
        mask = pa.array(self.flipped)
        return pa.table(
            {
                "id": self.table[self.roles.id].filter(mask),
                "true_label": self.true_labels.filter(mask),
                "sent_label": self.table[self.roles.label].filter(mask),
            }
        )


def replay(table: pa.Table, roles: Roles, flip_share: float = 0.0, seed: int = 0) -> Replay:
    """Prepare a table for sending.

    Rows are sorted by the time column, where there is one, ties in the table's order; without an
    id column they are named after their position before the sort. ``flip_share`` of the labels
    become another label of the table, each other one equally likely. Raises ReplayError.
    """
    roles.check(table.column_names)
    if len(table) == 0:
        raise ReplayError("the input holds no rows: there is nothing to replay")
    table, roles = with_ids(table, roles)
    if roles.time is not None:
        table = table.take(pc.sort_indices(table, sort_keys=[(roles.time, "ascending")]))
    true_labels = table[roles.label].combine_chunks()
    generator = np.random.default_rng([seed, 4])
    labelled = true_labels.is_valid().to_numpy(zero_copy_only=False).astype(np.float64)
    flipped = flipped_rows(flip_share, labelled, generator)
    if flipped.any():
        column = table.column_names.index(roles.label)
        table = table.set_column(column, roles.label, _flip(true_labels, flipped, generator))
    return Replay(table, roles, flipped, pa.chunked_array([true_labels]))


def _flip(
    labels: pa.Array, flipped: npt.NDArray[np.bool_], generator: np.random.Generator
) -> pa.Array:
    """Give the flipped rows another label of ``labels``."""
    classes = pc.unique(labels.drop_null()).sort()
    if len(classes) < 2:
        raise ReplayError("labels can only be flipped where the label column holds two or more")
    codes = pc.index_in(labels, classes)
    shift = generator.integers(1, len(classes), size=len(labels))
    other = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False).astype(np.int64) + shift
    moved = classes.take(pa.array(other % len(classes)))
    return pc.if_else(pa.array(flipped), moved, labels)
