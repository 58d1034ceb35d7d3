"""All examples as rows of Arrow tables, some leaves at a time."""

from collections.abc import AsyncGenerator, Sequence
from operator import itemgetter

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.queries.query import Shard, ShardContext, ShardQuery, ShardScope
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import ScaledValues
from hcdv_stream.valuation.doubt.packed import NO_DOUBT, doubts_in, evidence_in, suggested_in
from hcdv_stream.valuation.tree.coalition_ids import leaf_id
from hcdv_stream.valuation.tree.leaf import Leaf

_ROWS = 4096

EXPORT_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("provider", pa.string()),
        pa.field("event_time", pa.float64(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("stderr", pa.float64(), nullable=False),
        pa.field("doubt", pa.float64()),
        pa.field("suggested", pa.string()),
        pa.field("doubt_evidence", pa.string()),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("leaf", pa.string(), nullable=False),
    ]
)
"""Columns of an export."""
SELECTION_SCHEMA = pa.schema(
    [
        *(EXPORT_SCHEMA.field(name) for name in ("id", "label", "value")),
        pa.field("evaluated", pa.float64(), nullable=False),
        EXPORT_SCHEMA.field("doubt"),
    ]
)
"""Columns that a choice of training data needs."""


class RowsParameters(Model):
    """Examples of one partition, from this leaf on.

    If ``every_column``, the table has the columns of ``EXPORT_SCHEMA``, else of
    ``SELECTION_SCHEMA``.
    """

    partition: int
    leaf: int = 0
    every_column: bool = Field(True, alias="whole")


class RowsShardAnswer(Model):
    """Some rows as an Arrow stream, and the leaf to go on from, None at the end."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    table: bytes
    next: int | None


def _answer(context: ShardContext, parameters: RowsParameters) -> RowsShardAnswer:
    """Return about 4,096 examples in the order of leaves and ids."""
    schema = EXPORT_SCHEMA if parameters.every_column else SELECTION_SCHEMA
    partition = context.values.partition(parameters.partition)
    leaves: list[Leaf] = []
    going_on, count = None, 0
    if partition is not None:
        for leaf in sorted(partition.stored.state.leaves):
            if leaf < parameters.leaf:
                continue
            if count >= _ROWS:
                going_on = leaf
                break
            leaves.append(partition.stored.state.leaves[leaf])
            count += len(leaves[-1].examples)
        batch = _batch(context.values, partition, leaves, schema)
    else:
        batch = pa.RecordBatch.from_pylist([], schema=schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(batch)
    return RowsShardAnswer(table=sink.getvalue().to_pybytes(), next=going_on)


def _read(table: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(table) as reader:
        return reader.read_next_batch()


def _batch(
    scaled: ScaledValues, partition: PartitionView, leaves: Sequence[Leaf], schema: pa.Schema
) -> pa.RecordBatch:
    valued = [scaled.leaf(partition, leaf) for leaf in leaves]
    examples = [leaf.examples for leaf in leaves]
    classes = partition.identity.classes
    labels = np.concatenate([each.labels for each in examples])
    words = np.concatenate([each.doubts for each in examples])
    undoubted = words == NO_DOUBT
    columns = {
        "id": [name for each in examples for name in each.ids],
        "label": pa.DictionaryArray.from_arrays(labels, list(classes)).cast(pa.string()),
        "value": np.concatenate([each.value for each in valued]),
        "doubt": pa.array(doubts_in(words), mask=undoubted),
    }
    if schema is SELECTION_SCHEMA:
        columns["evaluated"] = np.concatenate([each.evaluated for each in valued])
    else:
        number = partition.number
        suggested = pa.array(suggested_in(words), mask=undoubted)
        columns |= {
            "suggested": pa.DictionaryArray.from_arrays(suggested, list(classes)).cast(pa.string()),
            "doubt_evidence": evidence_in(words),
            "provider": [name for each in examples for name in each.providers],
            "event_time": np.concatenate([each.timestamps for each in examples]),
            "stderr": np.concatenate([each.stderr for each in valued]),
            "partition": np.full(len(labels), number, np.int32),
            "leaf": [leaf_id(number, leaf.id) for leaf in leaves for _ in leaf.examples.ids],
        }
    arrays = [pa.array(columns[field.name], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _plausible(parameters: RowsParameters, answer: RowsShardAnswer, _: ShardScope) -> bool:
    try:
        _read(answer.table)
    except (pa.ArrowException, StopIteration, OSError):
        return False
    return answer.next is None or answer.next > parameters.leaf  # else it would never end


ROWS = ShardQuery(
    name="rows",
    parameters=RowsParameters,
    shard_answer=RowsShardAnswer,
    answer=_answer,
    plausible=_plausible,
)


async def stream_rows(
    shards: Sequence[Shard], *, every_column: bool
) -> AsyncGenerator[pa.RecordBatch]:
    """Yield all examples by partition, leaf and id, some thousand at a time."""
    owners = [(number, shard) for shard in shards for number in shard.numbers]
    for number, shard in sorted(owners, key=itemgetter(0)):
        leaf: int | None = 0
        while leaf is not None:
            answer = await shard.ask(
                ROWS, RowsParameters(partition=number, leaf=leaf, every_column=every_column)
            )
            yield _read(answer.table)
            leaf = answer.next
