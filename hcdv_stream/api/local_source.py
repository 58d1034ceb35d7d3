"""Answers from a state directory of this machine."""

import asyncio
import time
from collections.abc import Sequence

from hcdv_stream.api.models import Check
from hcdv_stream.api.partition_view import PartitionView
from hcdv_stream.api.problems import gone, unavailable
from hcdv_stream.api.refresher import Refresher
from hcdv_stream.api.shard import LocalShard
from hcdv_stream.api.shard_models import PartitionState, ViewState
from hcdv_stream.api.source import Snapshot
from hcdv_stream.api.view import View, fingerprint
from hcdv_stream.valuation.weights import Weights


class LocalSource:
    """Every partition under the directory that ``refresher`` looks at."""

    def __init__(self, refresher: Refresher) -> None:
        self._refresher = refresher
        self._last: tuple[View, Snapshot] | None = None

    async def current(self, *, keep: bool) -> Snapshot:
        """Return the newest; raises a problem where there is none."""
        view = self.view()
        if keep:
            self._refresher.kept.keep(view)
        if self._last is None or self._last[0] is not view:
            self._last = (view, self._snapshot(view))
        return self._last[1]

    async def pinned(self, key: str) -> Snapshot:
        """Return one that was kept; raises a problem where it is gone."""
        return self._snapshot(self.kept(key))

    async def moved(self, key: str) -> None:
        """Wait until the newest is another one than this."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(news.set)

        with self._refresher.listening(tell):
            while (view := self._refresher.view) is None or view.key == key:
                news.clear()
                await news.wait()

    def forget(self) -> None:
        """Nothing here can be lost."""

    def ailment(self) -> str | None:
        """Say that the state is not looked at any more, where that is so."""
        return self._refresher.ailment()

    async def readiness(self) -> list[Check]:
        """Return whether the state is read, and how each partition is."""
        refresher, now = self._refresher, time.time()
        reason = refresher.unreadiness()
        age = f"looked at {refresher.look_age:.1f} s ago"
        view = refresher.view
        parts = view.partitions if view else ()
        return [
            Check(name="state", ok=reason is None, detail=reason or age),
            *(_check(part, now) for part in parts),
        ]

    def view(self) -> View:
        """Return the newest view; raises a problem where there is none."""
        view = self._refresher.view
        if view is None:
            raise unavailable(self._refresher.missing)
        return view

    def kept(self, key: str) -> View:
        """Return a view that was kept, or the newest; raises a problem where it is gone."""
        view = self._refresher.kept.get(key)
        if view is None:
            newest = self._refresher.view
            if newest is None or newest.key != key:
                raise gone(key)
            view = newest
        return view

    def shard(
        self, view: View, weights: Weights | None, whole: int, numbers: frozenset[int]
    ) -> LocalShard:
        """Return some partitions of a view as a shard."""
        return LocalShard(view, self._refresher.kept, weights, whole, numbers)

    def _snapshot(self, view: View) -> Snapshot:
        state = state_of(view)
        numbers = frozenset(part.number for part in view.partitions)

        def shards(weights: Weights | None, whole: int) -> Sequence[LocalShard]:
            return (self.shard(view, weights, whole, numbers),)

        return Snapshot(
            key=view.key,
            game=state.game,
            bundle=state.bundle,
            classes=tuple(state.classes),
            validation=tuple(state.validation),
            partitions=tuple(state.partitions),
            missing=(),
            open=shards,
            home=lambda _: None,
        )


def state_of(view: View) -> ViewState:
    """Describe a view."""
    identity = view.identity
    return ViewState(
        key=view.key,
        topic=identity.topic,
        fingerprint=fingerprint(identity),
        game=view.game,
        bundle=identity.bundle,
        classes=list(identity.classes),
        validation=list(identity.validation_counts),
        partitions=[_state(part) for part in view.partitions],
    )


def _state(partition: PartitionView) -> PartitionState:
    position = partition.position
    return PartitionState(
        number=partition.number,
        points=partition.size,
        updates=partition.stored.state.header.updates,
        next_offset=position.next_offset,
        lag=position.lag,
        event_time=position.event_time,
        written_at=position.written_at,
        latency=position.latency,
    )


def _check(partition: PartitionView, now: float) -> Check:
    position = partition.position
    return Check(
        name=f"partition {partition.number}",
        ok=True,
        detail=f"update {partition.stored.state.header.updates}, {partition.size:,} points, "
        f"lag {position.lag}, written {max(now - position.written_at, 0.0):.1f} s ago",
    )
