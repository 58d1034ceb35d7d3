"""Partitions with real engines and stores, and what their values must be."""

import asyncio
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from fastapi import FastAPI

from hcdv_stream.api.app import build_app
from hcdv_stream.settings import load_settings
from hcdv_stream.state import Identity, LogIdentity, PartitionStore, Position
from hcdv_stream.state.heartbeat import Heartbeat, LogEnd, write_heartbeat
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.weights import Weights
from tests.valuation.worlds import batch_of, seed_of, validation_of

TOPIC = "sessions"
LOG = LogIdentity("0190-topic", 1, 0, complete=True)
"""Of one partition, so that none is missing, whichever a test writes."""
FOUR = replace(LOG, partitions=4)
CLASSES = ("bounce", "buy", "return")
DIMENSIONS = 6
CONFIG = EngineConfig(leaf_size=16, tau=0.5, update_size=40, merge_below=3, branching=(3, 6))
VALIDATION = validation_of(60, len(CLASSES), DIMENSIONS)


class Owner:
    """A partition with its engine and its store, as a worker has them."""

    def __init__(
        self,
        state_dir: Path,
        number: int,
        config: EngineConfig = CONFIG,
        bundle: str = "ab" * 16,
        topic: str = TOPIC,
        log: LogIdentity | None = LOG,
    ) -> None:
        self.number = number
        self.config = config
        self.offset = 0
        counts = VALIDATION.counts(len(CLASSES))
        trusted = tuple(counts.tolist())
        self.identity = Identity(topic, number, bundle, CLASSES, trusted, config)
        self.directory = state_dir / topic / str(number)
        self.store = PartitionStore.open(
            self.directory, identity=self.identity, log=log, accept_truncated=True
        )
        seed = seed_of(config, len(CLASSES), DIMENSIONS)
        self.engine = Engine.from_seed(config, len(CLASSES), VALIDATION, seed)
        self._generator = np.random.default_rng(number)

    def batch(self, count: int, prefix: str = "s") -> Batch:
        """Return new examples; the same prefix replaces examples of an earlier call."""
        prefix = f"p{self.number}{prefix}"
        return batch_of(count, len(CLASSES), DIMENSIONS, self._generator, prefix=prefix)

    def apply(self, batch: Batch, written_at: float = 0.0) -> None:
        self.offset += len(batch)
        delta = self.engine.apply(batch)
        self.store.write(
            delta,
            Position(self.offset, self.offset + 3, 1e9 + self.offset, 1e9, written_at),
        )
        self.beat()

    def beat(self, **changes: Any) -> None:
        """Write a heartbeat: three records wait, as of now, and all was there a second ago."""
        now = time.time()
        beat = Heartbeat(
            process=4711,
            host="here",
            started_at=now - 60,
            owned_since=now - 50,
            beat_at=now,
            next_offset=self.offset,
            position=self.offset,
            checked=LogEnd(now, self.offset + 3),
            held=LogEnd(now - 1, self.offset),
        )
        write_heartbeat(self.directory, replace(beat, **changes))

    @property
    def corpus(self) -> Corpus:
        counts = VALIDATION.counts(len(CLASSES))
        config = self.config
        return Corpus(self.engine.state(), config.game, CLASSES, counts, config.neighbours)


def diverging_owner(state_dir: Path) -> Owner:
    """A partition in which all labels turn wrong after a while."""
    owner = Owner(state_dir, 0, replace(CONFIG, update_size=200))
    for turn in range(9):
        batch = owner.batch(200, prefix=f"d{turn}-")
        wrong = (batch.labels + 1) % len(CLASSES) if turn > 6 else batch.labels
        owner.apply(replace(batch, labels=wrong.astype(np.int16)))
    return owner


class Client:
    """Asks an application directly, without a socket."""

    def __init__(self, app: FastAPI, *, raise_app_exceptions: bool = True) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=raise_app_exceptions)

    def request(self, method: str, path: str, **asked: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url="http://localhost"
            ) as client:
                return await client.request(method, path, **asked)

        return asyncio.run(ask())

    def get(self, path: str, **asked: Any) -> httpx.Response:
        return self.request("GET", path, **asked)

    def head(self, path: str, **asked: Any) -> httpx.Response:
        return self.request("HEAD", path, **asked)

    def post(self, path: str, **asked: Any) -> httpx.Response:
        return self.request("POST", path, **asked)


def app_of(state_dir: Path, **settings: object) -> FastAPI:
    """An application that has looked once; its thread does not run.

    Heartbeats count for hours, since nobody beats any more while the tests ask.
    """
    # Its names are those that the gateway's tests call it by.
    settings = {"api_stale_seconds": 100_000.0, "allowed_hosts": "left,right,other", **settings}
    app = build_app(load_settings(state_dir=state_dir, topic=TOPIC, **settings))
    app.state.refresher.look()
    return app


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs from moment to moment: how old it is."""
    for told in (answer["as_of"], *answer.get("partitions", ())):
        assert told.pop("age_seconds") >= 0
        assert told.pop("checked_at") > 0
    return answer


def expected(owners: list[Owner], weights: Weights | None = None) -> dict[str, tuple[float, float]]:
    """Value and standard error of every example in the whole, from the engines themselves."""
    size = sum(len(owner.engine) for owner in owners)
    found = {}
    for owner in owners:
        corpus, share = owner.corpus, len(owner.engine) / size
        values = corpus.values(weights)
        for name, value, error in zip(corpus.ids, values.value, values.stderr, strict=True):
            found[name] = (share * float(value), share * float(error))
    return found


def ranking(values: dict[str, tuple[float, float]]) -> list[str]:
    """Ids, highest value first, ties by id."""
    return sorted(values, key=lambda name: (-values[name][0], name))


def total(values: dict[str, tuple[float, float]]) -> float:
    return math.fsum(value for value, _ in values.values())
