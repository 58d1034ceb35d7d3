"""How values are spread, by label and provider, as metrics: computed when Prometheus asks.

Values shrink as the corpus grows, since they add up to v(D); times the number of examples they stay
comparable: their mean over the corpus is v(D).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hcdv_stream.api.views.view import StateView
from hcdv_stream.valuation.doubt.model import DOUBT_BITS
from hcdv_stream.valuation.doubt.packed import NO_DOUBT, units_in
from hcdv_stream.valuation.weights import Weights

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
LABELS = {
    "hcdv_api_scaled_value": ("label", "percentile"),
    "hcdv_api_negative_value_ratio": ("label",),
    "hcdv_api_provider_examples": ("provider",),
    "hcdv_api_provider_value": ("provider",),
    "hcdv_api_provider_mean_doubt": ("provider",),
}
"""The metrics here, with their labels."""
PROVIDERS = 20
"""So many providers have series of their own, those with most examples; the rest share one."""
NOBODY, OTHERS = "(none)", "(others)"
"""What stands for examples without a provider, and for all the other providers."""
_LEAST_SECONDS = 15.0
"""Nothing is computed anew sooner: 200,000 examples take some 50 ms of a processor."""


class ValueMetrics(Collector):
    """Percentiles of scaled values, and the share of negative ones, under ``weights``."""

    def __init__(
        self,
        view: Callable[[], StateView | None],
        weights: Weights,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``view`` gives the newest state, ``clock`` seconds that only grow."""
        self._view = view
        self._weights = weights
        self._clock = clock
        self._seen: StateView | None = None
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
            GaugeMetricFamily(
                next(names),
                "Examples of each of the 20 providers with most of them, and of all the others.",
                labels=LABELS["hcdv_api_provider_examples"],
            ),
            GaugeMetricFamily(
                next(names),
                "What these examples are worth together.",
                labels=LABELS["hcdv_api_provider_value"],
            ),
            GaugeMetricFamily(
                next(names),
                "Mean doubt of these examples: the share of their labels that is probably wrong.",
                labels=LABELS["hcdv_api_provider_mean_doubt"],
            ),
        ]

    def collect(self) -> Iterator[Metric]:
        """Yield them as of the newest state, or of one of a few seconds ago."""
        view, now = self._view(), self._clock()
        if view is not self._seen and now >= self._rests_until:
            self._families = self.describe() if view is None else self._filled(view)
            self._seen, self._rests_until = view, now + _LEAST_SECONDS
        yield from self._families

    def _filled(self, view: StateView) -> list[Metric]:
        scaled, negative, owned, worth, doubted = families = self.describe()
        weights = self._weights if view.game == "routed" else None
        try:
            parts = view.valued(weights).values()
            values = np.concatenate(parts) * view.size
        except ValueError:  # a utility that this bundle has not, which every answer complains of
            return families
        for provider, total in _by_provider(view, parts).items():
            labelled = {"provider": provider}
            owned.add_sample(owned.name, labelled, total.examples)
            worth.add_sample(worth.name, labelled, total.value)
            if total.doubted:
                doubted.add_sample(doubted.name, labelled, total.doubts / total.doubted)
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


class _Total(NamedTuple):
    """Of some examples: how many, their value, how many have a doubt, and the sum of these."""

    examples: float
    value: float
    doubted: float
    doubts: float


def _by_provider(view: StateView, parts: Sequence[npt.NDArray[np.float64]]) -> dict[str, _Total]:
    """Return the totals of the providers with most examples, and of all the others."""
    totals: dict[str, _Total] = {}
    for part, values in zip(view.partitions, parts, strict=True):
        names, codes, words = part.table.providers, part.table.provider, part.table.doubts
        doubts = np.ldexp(units_in(words).astype(np.float64), -DOUBT_BITS)
        sums = [
            np.bincount(codes, weights=column, minlength=len(names)).tolist()
            for column in (None, values, words != NO_DOUBT, doubts)
        ]
        for name, *columns in zip(names, *sums, strict=True):
            known = NOBODY if name is None else name
            before = totals.get(known, _Total(0.0, 0.0, 0.0, 0.0))
            totals[known] = _Total(*(a + b for a, b in zip(before, columns, strict=True)))
    present = sorted(
        (one for one in totals if totals[one].examples), key=lambda one: -totals[one][0]
    )
    shown = {name: totals[name] for name in present[:PROVIDERS]}
    if rest := present[PROVIDERS:]:
        others = zip(*(totals[name] for name in rest), strict=True)
        shown[OTHERS] = _Total(*map(sum, others))
    return shown
