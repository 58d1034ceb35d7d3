"""Answers from a state directory of this machine."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from hcdv_stream.api.models.answers import LeftOutPartition, ReadinessCheck
from hcdv_stream.api.models.shards import PartitionState, ViewState
from hcdv_stream.api.problems import gone, unavailable
from hcdv_stream.api.sources.shard import LocalShard
from hcdv_stream.api.sources.source import Snapshot
from hcdv_stream.api.views.freshness import Currency, Freshness
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.refresher import Refresher
from hcdv_stream.api.views.view import StateView, fingerprint
from hcdv_stream.state.heartbeat import Heartbeat
from hcdv_stream.valuation.weights import Weights


class LocalSource:
    """Every partition under the directory that ``refresher`` looks at."""

    def __init__(self, refresher: Refresher) -> None:
        self._refresher = refresher
        self._last: tuple[StateView, Snapshot] | None = None

    async def current(self, *, keep: bool) -> Snapshot:
        """Return the newest; raises a problem if there is none."""
        view = self.view()
        if keep:
            self.keep(view)
        missing = self._missing(view)
        if self._last and self._last[0] is view and self._last[1].missing == missing:
            return self._last[1]
        snapshot = self._snapshot(view, missing)
        self._last = (view, snapshot)
        return snapshot

    async def pinned(self, key: str) -> Snapshot:
        """Return one that was kept; raises a problem if it is gone."""
        view = self.kept(key)
        return self._snapshot(view, self._missing(view))

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
        """Say that the state is not looked at any more, if that is so."""
        return self._refresher.ailment()

    async def readiness(self) -> list[ReadinessCheck]:
        """Return whether the state is read, and how each partition is."""
        refresher, now = self._refresher, time.time()
        reason = refresher.unreadiness()
        age = f"looked at {refresher.look_age:.1f} s ago"
        view = refresher.view
        checks = [ReadinessCheck(name="state", ok=reason is None, detail=reason or age)]
        if view is None:
            return checks
        parts = {part.number: part for part in view.partitions}
        checks += [_check(fresh, parts.get(fresh.partition), now) for fresh in self._fresh(view)]
        checks += [_left_out_check(one) for one in self._left_out(view)]
        return checks

    def currency(self) -> tuple[Sequence[Freshness], int]:
        """Return how current each partition is, and how many states are left out of answers."""
        view = self._refresher.view
        return (self._fresh(view), len(view.left_out)) if view else ((), 0)

    def view(self) -> StateView:
        """Return the newest view; raises a problem if there is none."""
        view = self._refresher.view
        if view is None:
            raise unavailable(self._refresher.missing)
        return view

    def keep(self, view: StateView) -> None:
        """Keep a view for later requests."""
        self._refresher.kept.keep(view)

    def kept(self, key: str) -> StateView:
        """Return a view that was kept, or the newest; raises a problem if it is gone."""
        view = self._refresher.kept.get(key)
        if view is None:
            newest = self._refresher.view
            if newest is None or newest.key != key:
                raise gone(key)
            view = newest
        return view

    def shard(
        self, view: StateView, weights: Weights | None, corpus_size: int, numbers: frozenset[int]
    ) -> LocalShard:
        """Return some partitions of a view as a shard."""
        return LocalShard(view, self._refresher.kept, weights, corpus_size, numbers)

    def _snapshot(self, view: StateView, missing: tuple[int, ...]) -> Snapshot:
        if not view.partitions:
            raise unavailable(self._refresher.missing)
        state = self.state_of(view)
        numbers = frozenset(part.number for part in view.partitions)

        def shards(weights: Weights | None, corpus_size: int) -> Sequence[LocalShard]:
            return (self.shard(view, weights, corpus_size, numbers),)

        return Snapshot(
            key=view.key,
            game=state.game,
            bundle=state.bundle,
            classes=tuple(state.classes),
            validation=tuple(state.validation),
            partitions=tuple(part for part in state.partitions if part.number in numbers),
            missing=missing,
            open=shards,
            home=lambda _: None,
            currency=lambda: Currency(tuple(self._fresh(view))),
            left_out=lambda: self._left_out(view),
            remembered=view.remembered,
        )

    def state_of(self, view: StateView) -> ViewState:
        """Describe a view, with the states that are left out of answers here."""
        identity = view.identity
        return ViewState(
            key=view.key,
            topic=identity.topic,
            now=time.time(),
            fingerprint=fingerprint(identity),
            topic_id=view.log.topic_id if view.log else None,
            topic_partitions=view.log.partitions if view.log else None,
            game=view.game,
            bundle=identity.bundle,
            classes=list(identity.classes),
            validation=list(identity.validation_counts),
            partitions=[
                _state(part, self._refresher.heartbeat(part.number)) for part in view.copies
            ],
        )

    def _missing(self, view: StateView) -> tuple[int, ...]:
        """Return the topic's partitions that answers from here are without.

        One that is owned here and has no record yet is not missing.
        """
        if view.log is None:
            return ()
        here = {part.number for part in view.partitions}
        here.update(fresh.partition for fresh in self._refresher.unwritten())
        return tuple(number for number in range(view.log.partitions) if number not in here)

    def _fresh(self, view: StateView) -> list[Freshness]:
        """Return how current the partitions are, among them those without a first update yet."""
        tell = self._refresher.freshness
        found = [tell(part.number, part.position.next_offset) for part in view.partitions]
        return found + self._refresher.unwritten()

    def _left_out(self, view: StateView) -> list[LeftOutPartition]:
        found = []
        for part in view.left_out:
            fresh = self._refresher.freshness(part.number, part.position.next_offset)
            found.append(
                LeftOutPartition(
                    partition=part.number,
                    examples=part.size,
                    next_offset=part.position.next_offset,
                    since=fresh.since,
                    reason=fresh.reason,
                )
            )
        return found


def _state(partition: PartitionView, heartbeat: Heartbeat | None) -> PartitionState:
    position = partition.position
    return PartitionState(
        number=partition.number,
        examples=partition.size,
        updates=partition.stored.state.header.updates,
        next_offset=position.next_offset,
        heartbeat=heartbeat,
        begins_at=partition.begins_at,
        complete=partition.complete,
        event_time=position.event_time,
        written_at=position.written_at,
        latency=position.latency,
    )


def _check(fresh: Freshness, partition: PartitionView | None, now: float) -> ReadinessCheck:
    """Whether a partition is kept current; one that nobody has told anything of counts as well."""
    detail = f"lag {'unknown' if fresh.lag is None else fresh.lag}"
    if fresh.age is not None:
        detail += f", up to date {fresh.age:.1f} s ago"
    if partition is not None:
        written = max(now - partition.position.written_at, 0.0)
        updates = partition.stored.state.header.updates
        detail = (
            f"update {updates}, {partition.size:,} examples, {detail}, written {written:.1f} s ago"
        )
    if fresh.stale:
        detail += f"; stale since {_moment(fresh.since)}"
    if fresh.reason:
        detail += f": {fresh.reason}"
    return ReadinessCheck(name=f"partition {fresh.partition}", ok=not fresh.stale, detail=detail)


def _left_out_check(one: LeftOutPartition) -> ReadinessCheck:
    return ReadinessCheck(
        name=f"partition {one.partition}",
        ok=True,
        detail=f"stale since {_moment(one.since)}, left out of answers: {one.reason}",
    )


def _moment(seconds: float | None) -> str:
    return datetime.fromtimestamp(seconds or 0.0, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
