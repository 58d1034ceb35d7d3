"""What the service says of itself, asked over and over while sessions stream."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from hcdv_stream.api.models.answers import Model
from hcdv_stream.client.calls import Order
from hcdv_stream.demo.endpoints import api_client, metric_total
from hcdv_stream.demo.service import RunningService

SHOWN = 5
_RATE_SECONDS = 3.0
_ORDERS: tuple[Order, Order] = ("desc", "asc")


@dataclass(frozen=True, slots=True)
class Observation:
    """One look. ``latencies`` are the seconds of every poll so far, poll to durable."""

    elapsed: float
    rate: float
    applied: int
    dead_letters: int
    latencies: list[float]
    summary: dict[str, Any]
    highest: list[dict[str, Any]]
    lowest: list[dict[str, Any]]
    providers: list[dict[str, Any]]

    def quantile(self, share: float) -> float:
        """Return the seconds that this share of the polls took at most."""
        return quantile(self.latencies, share)


def quantile(seconds: list[float], share: float) -> float:
    """Return the smallest of ``seconds`` that at least this share of them does not exceed."""
    if not seconds:
        return 0.0
    return float(np.quantile(seconds, share, method="inverted_cdf"))


@dataclass(slots=True)
class Observer:
    """Looks at a running service; keeps what a rate and the latencies need."""

    service: RunningService
    _began: float = field(default_factory=time.monotonic)
    _history: list[tuple[float, int]] = field(default_factory=list)
    _latencies: list[float] = field(default_factory=list)
    _read: int = 0

    def look(self) -> Observation:
        """Ask the service; raises one of UNANSWERED while it has nothing to say yet."""
        with api_client(self.service.api) as client:
            summary = _json(client.summary())
            highest, lowest = (
                _json(client.examples(order=order, limit=SHOWN))["examples"] for order in _ORDERS
            )
            providers = _json(client.providers())["providers"]
        dead_letters = metric_total(f"{self.service.metrics}/metrics", "hcdv_dead_letters_total")
        applied = sum(summary["as_of"]["offsets"].values())
        self._read_timings(self.service.timings)
        return Observation(
            elapsed=time.monotonic() - self._began,
            rate=self._rate(applied),
            applied=applied,
            dead_letters=dead_letters,
            latencies=list(self._latencies),
            summary=summary,
            highest=highest,
            lowest=lowest,
            providers=providers,
        )

    def _rate(self, applied: int) -> float:
        now = time.monotonic()
        self._history.append((now, applied))
        while self._history[0][0] < now - _RATE_SECONDS and len(self._history) > 2:
            self._history.pop(0)
        then, before = self._history[0]
        return (applied - before) / (now - then) if now > then else 0.0

    def _read_timings(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                file.seek(self._read)
                fresh = file.read()
        except FileNotFoundError:
            return
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read += len(whole)
        self._latencies += [orjson.loads(line)["seconds"] for line in whole.splitlines()]


def _json(answer: Model) -> dict[str, Any]:
    return answer.model_dump(mode="json", by_alias=True)
