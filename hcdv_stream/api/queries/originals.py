"""Copies across partitions: who is alike where, and what the later ones are worth.

A partition knows of its own copies. Whoever merges partitions compares the fingerprints of their
originals. Partitions have no common order, so the number of the record in its partition decides,
then the partition. The later ones are taken out of what their providers are worth. Nothing is
played again: their neighbours keep the values that they had beside the copy.
"""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.queries.query import Shard, ShardContext, ShardQuery, ShardScope, together
from hcdv_stream.api.views.exact_sums import exact_sums
from hcdv_stream.valuation.state import EngineState

_MOST_NAMED = 4096
"""Fingerprints that one query names: its body stays small."""

Fingerprints = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


class OriginalsParameters(Model):
    """So many originals of a partition, from a place on."""

    partition: int
    start: int = 0
    limit: int = 1 << 16


class OriginalsShardAnswer(Model):
    """Fingerprints and numbers of records, 8 bytes each; None: these were the last."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    fingerprints: bytes
    records: bytes
    next: int | None = None


class LaterParameters(Model):
    """Originals of a partition, by fingerprint, that are copies of one in another."""

    partition: int
    fingerprints: list[int]


class LaterExamples(Model):
    """Later examples of a provider; ``values`` and ``squares`` add up to Σφ and Σφ² exactly."""

    provider: str | None
    examples: int
    values: tuple[float, ...]
    squares: tuple[float, ...]


class LaterShardAnswer(Model):
    """What the later examples are worth, by provider."""

    providers: list[LaterExamples]


class OriginalRecords(NamedTuple):
    """Fingerprints (n,) of originals, the numbers of their records, and their places in columns."""

    fingerprints: Fingerprints
    records: Places
    rows: Places


def originals_in(state: EngineState) -> OriginalRecords:
    """Return a partition's originals whose features are known, in the order of its columns."""
    examples = [state.leaves[leaf].examples for leaf in sorted(state.leaves)]
    if not examples:
        return OriginalRecords(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64))
    fingerprints = np.concatenate([each.fingerprints[:, 0] for each in examples])
    copies = np.concatenate([each.copies for each in examples])
    records = np.concatenate([each.arrivals for each in examples])
    rows = np.flatnonzero(~copies & (fingerprints != 0))
    return OriginalRecords(fingerprints[rows], records[rows], rows)


def _answer(context: ShardContext, parameters: OriginalsParameters) -> OriginalsShardAnswer:
    partition = context.values.partition(parameters.partition)
    if partition is None:
        return OriginalsShardAnswer(fingerprints=b"", records=b"")
    found = originals_in(partition.stored.state)
    stop = parameters.start + parameters.limit
    page = slice(parameters.start, stop)
    return OriginalsShardAnswer(
        fingerprints=found.fingerprints[page].astype("<u8").tobytes(),
        records=found.records[page].astype("<i8").tobytes(),
        next=stop if stop < len(found.rows) else None,
    )


def _plausible(
    parameters: OriginalsParameters, answer: OriginalsShardAnswer, _: ShardScope
) -> bool:
    size = len(answer.fingerprints)
    forward = answer.next is None or answer.next > parameters.start  # else it would never end
    return forward and size == len(answer.records) and size % 8 == 0


def _answer_later(context: ShardContext, parameters: LaterParameters) -> LaterShardAnswer:
    values, partition = context.values, context.values.partition(parameters.partition)
    if partition is None:
        return LaterShardAnswer(providers=[])
    found = originals_in(partition.stored.state)
    named = np.array(parameters.fingerprints, np.uint64)
    rows = found.rows[np.isin(found.fingerprints, named)]
    worth = values.values()[values.partitions.index(partition)][rows]
    table = partition.table
    places, owner = np.unique(table.provider[rows], return_inverse=True)
    sums = exact_sums(worth, owner, len(places))
    squares = exact_sums(worth * worth, owner, len(places))
    counts = np.bincount(owner, minlength=len(places)).tolist()
    return LaterShardAnswer(
        providers=[
            LaterExamples(
                provider=table.providers[place],
                examples=count,
                values=tuple(one),
                squares=tuple(its),
            )
            for place, count, one, its in zip(places.tolist(), counts, sums, squares, strict=True)
        ]
    )


ORIGINALS = ShardQuery(
    name="originals",
    parameters=OriginalsParameters,
    shard_answer=OriginalsShardAnswer,
    answer=_answer,
    plausible=_plausible,
)
LATER = ShardQuery(
    name="later_examples",
    parameters=LaterParameters,
    shard_answer=LaterShardAnswer,
    answer=_answer_later,
)


async def later_examples(shards: Sequence[Shard]) -> list[LaterExamples]:
    """Return what copies of an earlier original in another partition are worth, by provider."""
    owners = sorted(
        ((number, shard) for shard in shards for number in shard.numbers), key=itemgetter(0)
    )
    if len(owners) < 2:
        return []
    found = await together([_all_originals(shard, number) for number, shard in owners])
    later = await run_heavy(
        later_originals, {number: one for (number, _), one in zip(owners, found, strict=True)}
    )
    asked = [
        shard.ask(
            LATER,
            LaterParameters(
                partition=number, fingerprints=later[number][start : start + _MOST_NAMED]
            ),
        )
        for number, shard in owners
        for start in range(0, len(later.get(number, ())), _MOST_NAMED)
    ]
    return [one for answer in await together(asked) for one in answer.providers]


async def _all_originals(shard: Shard, number: int) -> tuple[Fingerprints, Places]:
    pages: list[OriginalsShardAnswer] = []
    start: int | None = 0
    while start is not None:
        page = await shard.ask(ORIGINALS, OriginalsParameters(partition=number, start=start))
        pages.append(page)
        start = page.next
    fingerprints = b"".join(page.fingerprints for page in pages)
    records = b"".join(page.records for page in pages)
    return np.frombuffer(fingerprints, "<u8"), np.frombuffer(records, "<i8")


def later_originals(found: Mapping[int, tuple[Fingerprints, Places]]) -> dict[int, list[int]]:
    """Return the fingerprints of each partition's originals that are not the earliest."""
    numbers = np.repeat(list(found), [len(one[0]) for one in found.values()])
    fingerprints = np.concatenate([one[0] for one in found.values()])
    records = np.concatenate([one[1] for one in found.values()])
    order = np.lexsort((numbers, records, fingerprints))
    again = np.zeros(len(order), np.bool_)
    again[1:] = fingerprints[order][1:] == fingerprints[order][:-1]
    later = order[again]
    return {number: fingerprints[later[numbers[later] == number]].tolist() for number in found}
