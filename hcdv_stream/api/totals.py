"""``/v1/providers`` and ``/v1/summary``: answers over the whole corpus."""

import numpy as np
from fastapi import APIRouter

from hcdv_stream.api.asking import Asked, AskedNow
from hcdv_stream.api.coalition_ids import node_id
from hcdv_stream.api.models import (
    ClassCounts,
    PartitionSummary,
    Provider,
    ProvidersAnswer,
    SummaryAnswer,
)
from hcdv_stream.api.partition_view import PartitionView

router = APIRouter(tags=["totals"])

_COUNTERS = (
    "records",
    "updates",
    "spawned",
    "split",
    "merged",
    "rebalances",
    "replacements",
    "deletions",
)


@router.get("/v1/providers")
def list_providers(asked: AskedNow) -> ProvidersAnswer:
    """What every data provider's examples are worth together, most valuable first."""
    value = asked.valuation.value
    providers = [
        Provider(
            provider=payout.provider,
            points=payout.points,
            value=payout.value,
            share=payout.value / value if value > 0 else None,
            stderr=payout.error,
        )
        for payout in asked.valuation.payouts
    ]
    return ProvidersAnswer(providers=providers, value=value, **dict(asked.answer()))


@router.get("/v1/summary")
def read_summary(asked: AskedNow) -> SummaryAnswer:
    """The whole corpus in numbers."""
    view, valuation = asked.view, asked.valuation
    states = [partition.stored.state for partition in view.partitions]
    counters = {name: sum(getattr(state.header, name) for state in states) for name in _COUNTERS}
    return SummaryAnswer(
        game=view.game,
        bundle=view.bundle,
        points=view.size,
        leaves=sum(len(state.leaves) for state in states),
        nodes=sum(len(state.nodes) for state in states),
        classes=_classes(asked),
        value=valuation.value,
        total=valuation.total,
        residual=valuation.residual,
        partitions=[_partition(asked, partition) for partition in view.partitions],
        **counters,
        **dict(asked.answer()),
    )


def _classes(asked: Asked) -> list[ClassCounts]:
    partitions = asked.view.partitions
    points = np.sum([partition.corpus.whole.points for partition in partitions], axis=0).tolist()
    validation = partitions[0].identity.validation_counts
    return [
        ClassCounts(label=label, points=count, validation=judges)
        for label, count, judges in zip(asked.view.classes, points, validation, strict=True)
    ]


def _partition(asked: Asked, partition: PartitionView) -> PartitionSummary:
    state, position = partition.stored.state, partition.position
    root = state.nodes[state.header.root]
    return PartitionSummary(
        partition=partition.number,
        root=node_id(partition.number, root.id),
        points=partition.size,
        leaves=len(state.leaves),
        share=asked.valuation.share(partition),
        value=asked.valuation.coalition(partition, root).value,
        updates=state.header.updates,
        next_offset=position.next_offset,
        lag=position.lag,
        written_at=position.written_at,
    )
