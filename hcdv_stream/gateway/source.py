"""Answers from many APIs: which of them has which partition, in which state."""

import asyncio
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import httpx

from hcdv_stream.api.metrics import ApiMetrics
from hcdv_stream.api.models.answers import ReadinessCheck
from hcdv_stream.api.models.shards import PartitionState, ViewState
from hcdv_stream.api.problems import ProblemError, gone, unavailable
from hcdv_stream.api.sources.source import ShardLost, Snapshot
from hcdv_stream.api.views.freshness import Currency, Freshness, LogEnds, LogKnowledge
from hcdv_stream.broker.partitioner import partition_of
from hcdv_stream.errors import HcdvError
from hcdv_stream.gateway.metrics import GatewayMetrics
from hcdv_stream.gateway.sidecar import RemoteShard, ShardTarget, Sidecar, SidecarExpectations
from hcdv_stream.runtime.tls_context import tls_context
from hcdv_stream.settings import Settings
from hcdv_stream.state.heartbeat import Heartbeat, is_sound
from hcdv_stream.valuation.weights import Weights

_FRESH_SECONDS = 0.05
"""A snapshot is given again for so long, so that many requests ask the APIs once."""
_LOOK_SECONDS = 0.1
_KNOWN_SECONDS = 1.0
_KEPT_SNAPSHOTS = 64
_BETWEEN, _NONE = "~", "-"
_KEY = re.compile(r"[0-9a-z.~-]+", re.ASCII)
_LONGEST_KEY = 16_384

States = tuple[ViewState | None, ...]
KnownStates = list[tuple[int, ViewState]]


class RemoteSource:
    """A context manager around the connections to the APIs that the settings name.

    Raises HcdvError if they name none.
    """

    def __init__(self, settings: Settings, metrics: ApiMetrics, behind: GatewayMetrics) -> None:
        if not settings.gateway_sidecars:
            raise HcdvError(
                "HCDV_GATEWAY_SIDECARS is empty: name the APIs to ask, http://HOST:PORT[,..]"
            )
        key = settings.gateway_key
        self._client = httpx.AsyncClient(
            verify=tls_context(),
            timeout=settings.gateway_timeout_seconds,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
            headers={"Authorization": f"Bearer {key.get_secret_value()}"} if key else None,
        )
        expected = SidecarExpectations(
            settings.topic,
            settings.partitions,
            settings.gateway_timeout_seconds,
            settings.gateway_max_answer_mib << 20,
        )
        self._sidecars = [
            Sidecar(address, self._client, expected) for address in settings.gateway_sidecars
        ]
        self._partitions = settings.partitions
        self._metrics = metrics
        self._behind = behind
        behind.partitions_missing.set(settings.partitions)
        self._stale_seconds = settings.api_stale_seconds
        self._beats: dict[tuple[int, int], Heartbeat | None] = {}
        self._ends: dict[int, LogEnds] = {}
        self._looking = asyncio.Lock()
        self._last: Snapshot | None = None
        self._looked = 0.0
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def current(self, *, keep: bool) -> Snapshot:
        """Return the newest state; raises a problem if no API can be asked."""
        async with self._looking:
            if self._last is None or time.monotonic() > self._looked + _FRESH_SECONDS:
                began, now = time.monotonic(), time.time()
                states = await asyncio.gather(*(each.newest() for each in self._sidecars))
                for each in self._sidecars:
                    self._behind.sidecar_up.labels(each.address).set(each.problem is None)
                try:
                    self._last = self._merged(tuple(states), now)
                except ProblemError:
                    self._behind.partitions_missing.set(self._partitions)
                    raise
                self._looked = began
                self._keep(self._last)
                self._behind.partitions_missing.set(len(self._last.missing))
                self._metrics.examples.set(self._last.size)
                self._metrics.partitions.set(len(self._last.partitions))
                self._metrics.truncated.set(len(self._last.truncated))
                self._metrics.view_written_at(max(one.written_at for one in self._last.partitions))
                self._metrics.looked_at(time.time())
            return self._last

    async def pinned(self, key: str) -> Snapshot:
        """Return a state that the APIs have kept; raises a problem if one has not."""
        if time.monotonic() > self._looked + _KNOWN_SECONDS:
            with suppress(ProblemError):  # the state may be old; how current it is must not be
                await self.current(keep=False)
        if (snapshot := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return snapshot
        # An API that refuses a query counts as missing, so it is not asked for just anything.
        if not _KEY.fullmatch(key) or len(key) > _LONGEST_KEY:
            raise gone(key)
        keys = key.split(_BETWEEN)
        if len(keys) != len(self._sidecars) or set(keys) == {_NONE}:
            raise gone(key)
        try:
            states = await asyncio.gather(
                *(_kept(sidecar, name) for sidecar, name in zip(self._sidecars, keys, strict=True))
            )
        except ShardLost:  # it may come back
            raise
        except ProblemError as problem:
            raise gone(key) from problem
        snapshot = self._merged(tuple(states))
        self._keep(snapshot)
        return snapshot

    async def moved(self, key: str) -> None:
        """Wait until the newest is another one than this."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if (await self.current(keep=True)).key != key:
                return

    def forget(self) -> None:
        """An API has lost a state or cannot be asked: look again."""
        self._last = None
        self._kept.clear()

    def ailment(self) -> str | None:
        """The gateway lives, whatever is behind it."""
        return None

    async def readiness(self) -> list[ReadinessCheck]:
        """Return whether there is an answer, how each API is and which partitions are missing."""
        try:
            snapshot = await self.current(keep=False)
        except ProblemError as problem:
            first = ReadinessCheck(name="state", ok=False, detail=problem.detail)
            return [first, *self._checks()]
        missing = ", ".join(map(str, snapshot.missing)) or "none"
        parts = snapshot.currency().partitions
        # An answer without some partitions, or with stale ones, is an answer and says so itself.
        current = not all(part.stale for part in parts)
        detail = f"missing partitions: {missing}"
        if not current:
            detail = f"every partition is stale; partition {parts[0].partition}: {parts[0].reason}"
        first = ReadinessCheck(name="state" if current else "currency", ok=current, detail=detail)
        return [first, *self._checks(), *map(_check, parts)]

    def currency(self) -> tuple[Sequence[Freshness], int]:
        """Return how current each partition of the last answer is; none is left out of it."""
        return (self._last.currency().partitions if self._last else ()), 0

    def _checks(self) -> list[ReadinessCheck]:
        return [
            ReadinessCheck(name=each.address, ok=True, detail=each.problem or "answers")
            for each in self._sidecars
        ]

    def _keep(self, snapshot: Snapshot) -> None:
        self._kept[snapshot.key] = snapshot
        while len(self._kept) > _KEPT_SNAPSHOTS:
            self._kept.popitem(last=False)

    def _merged(self, states: States, heard_at: float | None = None) -> Snapshot:
        """Make one state of those of the APIs; raises a problem if they do not fit together.

        If the states are the newest, ``heard_at`` is when they were asked for.
        """
        known = [(place, state) for place, state in enumerate(states) if state is not None]
        if not known:
            problems = "; ".join(each.problem or "no state" for each in self._sidecars)
            raise unavailable(f"no API can be asked: {problems}")
        known = self._of_one_bundle(known)
        if heard_at is not None:
            self._learn(known, heard_at)
        first = known[0][1]
        owners = self._owners(known)
        count = self._partitions
        keys = {place: state.key for place, state in known}
        partitions = tuple(owners[number][1] for number in sorted(owners))

        def shards(weights: Weights | None, corpus_size: int) -> Sequence[RemoteShard]:
            return [
                RemoteShard(
                    self._sidecars[place], ShardTarget(state, numbers, weights, corpus_size)
                )
                for place, state in known
                if (numbers := frozenset(n for n, (owner, _) in owners.items() if owner == place))
            ]

        return Snapshot(
            key=_BETWEEN.join(keys.get(place, _NONE) for place in range(len(states))),
            game=first.game,
            bundle=first.bundle,
            classes=tuple(first.classes),
            validation=tuple(first.validation),
            partitions=partitions,
            missing=tuple(number for number in range(count) if number not in owners),
            open=shards,
            home=lambda name: partition_of(name, count),
            currency=lambda: Currency(
                tuple(self._freshness(place, part) for place, part in owners.values())
            ),
            left_out=list,
        )

    def _of_one_bundle(self, known: KnownStates) -> KnownStates:
        """Return those of the states that most partitions have; a problem if none has most.

        States of several bundles are no one corpus. A single API with another one counts as
        missing; if two have equally many partitions, nobody knows which is meant.
        """
        counts: Counter[str] = Counter()
        kinds = _kinds(known)
        for place, state in known:
            counts[kinds[place]] += len(state.partitions)
        (most, count), *others = counts.most_common(2)
        first = next(place for place, _ in known if kinds[place] == most)
        for place, _ in known:
            if kinds[place] == most:
                self._sidecars[place].fits(None)
                continue
            if others and others[0][1] == count:
                raise unavailable(
                    f"{self._sidecars[first].address} and {self._sidecars[place].address} "
                    "have states of different bundles or parameters, or of different topics of the "
                    "same name: rebuild the older ones"
                )
            self._sidecars[place].fits(
                "has a state of another bundle or other parameters, or of another topic of the "
                f"same name, than {self._sidecars[first].address}: rebuild the older one"
            )
        return [(place, state) for place, state in known if kinds[place] == most]

    def _owners(
        self, known: Sequence[tuple[int, ViewState]]
    ) -> dict[int, tuple[int, PartitionState]]:
        """Return which API answers for each partition: the one that keeps it current.

        A copy that nobody keeps current answers only if it is further: while the owner of now
        still values the log from an earlier offset, or if nobody owns the partition. A state
        that begins where its log began goes before a truncated one, however far that is.
        """
        owners: dict[int, tuple[int, PartitionState]] = {}
        best: dict[int, tuple[bool, int, bool]] = {}
        for place, state in known:
            for partition in state.partitions:
                number = partition.number
                live = self._freshness(place, partition).stale is False
                rank = (partition.complete, partition.next_offset, live)
                if number not in best or rank > best[number]:
                    owners[number], best[number] = (place, partition), rank
        return dict(sorted(owners.items()))

    def _learn(self, known: KnownStates, now: float) -> None:
        """Take in what the heartbeats of states that fit together say, in the time of this clock.

        What one that is left out says of the log is of another log, a test's for instance.
        """
        for place, state in known:
            for partition in state.partitions:
                beat = partition.heartbeat
                if beat is not None:  # one that is later than its API's own time tells nothing
                    shift = now - state.now
                    beat = beat.later(shift) if is_sound(beat, state.now) else None
                self._beats[place, partition.number] = beat
                if beat is not None:
                    ends = self._ends.setdefault(partition.number, LogEnds())
                    ends.learn(beat.held, beat.checked, now=time.time())

    def _freshness(self, place: int, partition: PartitionState) -> Freshness:
        """Return how current a sidecar's state is, by all that is known of the partition's log."""
        number = partition.number
        known = LogKnowledge(self._beats.get((place, number)), self._ends.get(number, LogEnds()))
        return known.freshness(number, partition.next_offset, time.time(), self._stale_seconds)


def _check(fresh: Freshness) -> ReadinessCheck:
    lag = "unknown" if fresh.lag is None else str(fresh.lag)
    why = f": {fresh.reason}" if fresh.reason else ""
    stale = "stale, " if fresh.stale else ""
    return ReadinessCheck(
        name=f"partition {fresh.partition}", ok=True, detail=f"{stale}lag {lag}{why}"
    )


def _kinds(known: KnownStates) -> dict[int, str]:
    """Return what the states must have in common, by place: bundle, parameters and topic.

    A state that does not say its topic's id or size counts as of the most common one.
    """
    ids = Counter(state.topic_id for _, state in known if state.topic_id)
    sizes = Counter(state.topic_partitions for _, state in known if state.topic_partitions)
    usual_id = ids.most_common(1)[0][0] if ids else None
    usual_size = sizes.most_common(1)[0][0] if sizes else None
    return {
        place: f"{state.fingerprint}/{state.topic_id or usual_id}/"
        f"{state.topic_partitions or usual_size}"
        for place, state in known
    }


async def _kept(sidecar: Sidecar, key: str) -> ViewState | None:
    return None if key == _NONE else await sidecar.kept(key)
