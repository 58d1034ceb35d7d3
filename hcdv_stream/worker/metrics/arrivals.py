"""Arrivals, copies and foreign ids by provider, as metrics with a bounded number of labels.

The providers that sent most lately have labels of their own, all others are ``other``. Who that is
is looked at anew after every _TURN arrivals, so a provider that floods is named soon.
"""

from collections import Counter
from collections.abc import Mapping

from hcdv_stream.valuation.arrivals import ProviderCounts
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
        self._labels = labels
        self._seen = dict(counts)
        self._lately: Counter[str] = Counter()
        self._named: set[str] = set()

    def publish(self, changed: Mapping[int, ProviderCounts]) -> None:
        """Count what came since the last time."""
        for number, now in changed.items():
            before = self._seen.get(number) or ProviderCounts(number, now.name)
            self._seen[number] = now
            name = ANONYMOUS if now.name is None else now.name
            self._lately[name] += now.arrivals - before.arrivals
            if len(self._named) < NAMED:
                self._named.add(name)
            label = name if name in self._named else OTHER
            for counter, column in self._counters:
                step = getattr(now, column) - getattr(before, column)
                counter.labels(*self._labels, label).inc(step)
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
        for counter, _ in self._counters:
            counter.remove_by_labels(where)
