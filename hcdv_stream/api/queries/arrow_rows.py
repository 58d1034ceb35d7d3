"""Points as rows of an Arrow table, some leaves at a time."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from hcdv_stream.api.models.shards import RowsAsked, RowsPart
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import Valuation
from hcdv_stream.valuation.tree.coalition_ids import leaf_id
from hcdv_stream.valuation.tree.leaf import Leaf

_ROWS = 4096

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("provider", pa.string()),
        pa.field("event_time", pa.float64(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("stderr", pa.float64(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("leaf", pa.string(), nullable=False),
    ]
)
"""Columns of an export."""
CHOOSING = pa.schema(
    [
        *(SCHEMA.field(name) for name in ("id", "label", "value")),
        pa.field("judged", pa.float64(), nullable=False),
    ]
)
"""Columns that a choice of training data needs."""


def rows(valuation: Valuation, asked: RowsAsked) -> RowsPart:
    """Return about 4,096 points of a partition, from a leaf on, in the order of leaves and ids."""
    schema = SCHEMA if asked.whole else CHOOSING
    partition = valuation.partition(asked.partition)
    leaves: list[Leaf] = []
    going_on, count = None, 0
    if partition is not None:
        for leaf in sorted(partition.stored.state.leaves):
            if leaf < asked.leaf:
                continue
            if count >= _ROWS:
                going_on = leaf
                break
            leaves.append(partition.stored.state.leaves[leaf])
            count += len(leaves[-1].points)
        batch = _batch(valuation, partition, leaves, schema)
    else:
        batch = pa.RecordBatch.from_pylist([], schema=schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(batch)
    return RowsPart(table=sink.getvalue().to_pybytes(), next=going_on)


def read(table: bytes) -> pa.RecordBatch:
    """Return the rows of a part."""
    with pa.ipc.open_stream(table) as reader:
        return reader.read_next_batch()


def _batch(
    valuation: Valuation, partition: PartitionView, leaves: Sequence[Leaf], schema: pa.Schema
) -> pa.RecordBatch:
    valued = [valuation.leaf(partition, leaf) for leaf in leaves]
    points = [leaf.points for leaf in leaves]
    classes = partition.identity.classes
    labels = np.concatenate([each.labels for each in points])
    columns = {
        "id": [name for each in points for name in each.ids],
        "label": pa.DictionaryArray.from_arrays(labels, list(classes)).cast(pa.string()),
        "value": np.concatenate([each.value for each in valued]),
    }
    if schema is CHOOSING:
        columns["judged"] = np.concatenate([each.judged for each in valued])
    else:
        number = partition.number
        columns |= {
            "provider": [name for each in points for name in each.providers],
            "event_time": np.concatenate([each.timestamps for each in points]),
            "stderr": np.concatenate([each.error for each in valued]),
            "partition": np.full(len(labels), number, np.int32),
            "leaf": [leaf_id(number, leaf.id) for leaf in leaves for _ in leaf.points.ids],
        }
    arrays = [pa.array(columns[field.name], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
