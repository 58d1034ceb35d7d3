"""Arrivals, copies, foreign ids and doubts by provider, with a bounded number of labels.

The providers that sent most lately have labels of their own, all others are ``other``. Who that is
is looked at anew after every _TURN arrivals, so a provider that floods is named soon.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from hcdv_stream.valuation.arrivals import ProviderCounts
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.doubt.packed import NO_DOUBT, doubts_in
from hcdv_stream.valuation.selection import PROBABLY_WRONG
from hcdv_stream.worker.metrics.definitions import WorkerMetrics

NAMED = 20
"""Most providers of a partition that have labels of their own."""
OTHER, ANONYMOUS = "other", "anonymous"
_TURN = 5000


class ArrivalMetrics:
    """Publishes what changes in the counts of a partition; ``labels`` are topic and partition."""

    def __init__(
        self,
        metrics: WorkerMetrics,
        labels: tuple[str, str],
        counts: Mapping[int, ProviderCounts],
    ) -> None:
        self._counters = (
            (metrics.provider_records, "arrivals"),
            (metrics.provider_copies, "copies"),
            (metrics.provider_foreign_ids, "foreign"),
        )
        self._doubts = (metrics.provider_doubts, metrics.provider_doubtful)
        self._waiting: dict[str, tuple[float, int]] = {}
        self._labels = labels
        self._seen = dict(counts)
        self._lately: Counter[str] = Counter()
        self._named: set[str] = set()

    def observe(self, batch: Batch) -> None:
        """Take the doubts of a batch, for when it is published."""
        there = np.flatnonzero(batch.doubts != NO_DOUBT)
        found = zip(there.tolist(), doubts_in(batch.doubts[there]).tolist(), strict=True)
        for row, doubt in found:
            name = _shown(batch.providers[row])
            total, doubtful = self._waiting.get(name, (0.0, 0))
            self._waiting[name] = total + doubt, doubtful + (doubt > PROBABLY_WRONG)

    def publish(self, changed: Mapping[int, ProviderCounts]) -> None:
        """Count what came since the last time."""
        for number, now in changed.items():
            before = self._seen.get(number) or ProviderCounts(number, now.name)
            self._seen[number] = now
            name = _shown(now.name)
            self._lately[name] += now.arrivals - before.arrivals
            if len(self._named) < NAMED:
                self._named.add(name)
            label = name if name in self._named else OTHER
            for counter, column in self._counters:
                step = getattr(now, column) - getattr(before, column)
                counter.labels(*self._labels, label).inc(step)
            for doubts, step in zip(self._doubts, self._waiting.pop(name, (0.0, 0)), strict=True):
                doubts.labels(*self._labels, label).inc(step)
        if self._lately.total() >= _TURN:
            self._choose_named()

    def close(self) -> None:
        """Drop the labels: the partition belongs to another worker now."""
        for name in (*self._named, OTHER):
            self._forget(name)

    def _choose_named(self) -> None:
        first = sorted(self._lately, key=lambda name: (-self._lately[name], name))[:NAMED]
        for name in self._named.difference(first):
            self._forget(name)
        self._named = set(first)
        self._lately.clear()

    def _forget(self, name: str) -> None:
        where = dict(zip(("topic", "partition"), self._labels, strict=True)) | {"provider": name}
        for counter in (*(counter for counter, _ in self._counters), *self._doubts):
            counter.remove_by_labels(where)


def _shown(provider: str | None) -> str:
    return ANONYMOUS if provider is None else provider
