"""How values are spread, by label, as metrics: worked out when Prometheus asks.

Values shrink as the corpus grows, since they add up to v(D); times the number of examples they stay
comparable: their mean over the corpus is v(D).
"""

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hcdv_stream.api.view import View
from hcdv_stream.valuation.weights import Weights

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
LABELS = {
    "hcdv_api_scaled_value": ("label", "percentile"),
    "hcdv_api_negative_value_ratio": ("label",),
}
"""The metrics here, with their labels."""
_LEAST_SECONDS = 15.0
"""Nothing is worked out anew sooner: 200,000 examples take some 50 ms of a processor."""


class ValueMetrics(Collector):
    """Percentiles of scaled values, and the share of negative ones, under ``weights``."""

    def __init__(
        self,
        view: Callable[[], View | None],
        weights: Weights,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``view`` gives the newest state, ``clock`` seconds that only grow."""
        self._view = view
        self._weights = weights
        self._clock = clock
        self._seen: View | None = None
        self._rests_until = -float("inf")
        self._families: list[Metric] = self.describe()

    def describe(self) -> list[Metric]:
        """Return the metrics without a series."""
        names = iter(LABELS)
        return [
            GaugeMetricFamily(
                next(names),
                "Percentile, over the examples of a label, of value times the number of examples.",
                labels=LABELS["hcdv_api_scaled_value"],
            ),
            GaugeMetricFamily(
                next(names),
                "Share of a label's examples whose value is negative.",
                labels=LABELS["hcdv_api_negative_value_ratio"],
            ),
        ]

    def collect(self) -> Iterator[Metric]:
        """Yield them as of the newest state, or of one of a few seconds ago."""
        view, now = self._view(), self._clock()
        if view is not self._seen and now >= self._rests_until:
            self._families = self.describe() if view is None else self._filled(view)
            self._seen, self._rests_until = view, now + _LEAST_SECONDS
        yield from self._families

    def _filled(self, view: View) -> list[Metric]:
        scaled, negative = families = self.describe()
        weights = self._weights if view.game == "routed" else None
        try:
            values = np.concatenate(view.valued(weights).values()) * view.size
        except ValueError:  # a utility that this bundle has not, which every answer complains of
            return families
        labels = np.concatenate([part.table.label for part in view.partitions])
        for number, name in enumerate(view.identity.classes):
            own = values[labels == number]
            if len(own):
                self._add(scaled, name, np.percentile(own, PERCENTILES).tolist())
                negative.add_sample(negative.name, {"label": name}, float((own < 0).mean()))
        return families

    @staticmethod
    def _add(family: Metric, label: str, percentiles: Sequence[float]) -> None:
        for percentile, value in zip(PERCENTILES, percentiles, strict=True):
            labels = {"label": label, "percentile": str(percentile)}
            family.add_sample(family.name, labels, value)
