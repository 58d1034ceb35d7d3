"""Keeps one immutable view of the state current, in a thread of its own.

A look at an idle state costs a directory listing per partition; one that finds an update reads what
changed, and nothing is computed before somebody asks. The thread rests ``seconds`` between looks.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from hcdv_stream.api.metrics import ApiMetrics
from hcdv_stream.api.views.freshness import Freshness, LogKnowledge
from hcdv_stream.api.views.heartbeats import Heartbeats
from hcdv_stream.api.views.kept_views import KeptViews
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.view import StateView
from hcdv_stream.runtime.logs import fields
from hcdv_stream.state.errors import StateError
from hcdv_stream.state.heartbeat import Heartbeat
from hcdv_stream.state.layout import partition_directories
from hcdv_stream.state.log_identity import misplaced
from hcdv_stream.state.reading.reader import PartitionReader

_STALL_SECONDS = 30.0

log = logging.getLogger(__name__)


class Refresher:
    """A context manager around the thread; ``view`` is None until there is an update.

    ``directory`` holds one directory for each partition, named by its number; they may come and go.
    ``clock`` gives seconds since the epoch; after ``stale_seconds`` without an answer of the broker
    to its worker, a partition is stale. One that another worker owns is left out of answers.
    """

    def __init__(
        self,
        directory: Path,
        seconds: float,
        metrics: ApiMetrics,
        kept: KeptViews,
        *,
        clock: Callable[[], float] = time.time,
        stale_seconds: float = 15.0,
    ) -> None:
        self.kept = kept
        self.view: StateView | None = None
        self.problem: str | None = None
        self._directory = directory
        self._seconds = seconds
        self._metrics = metrics
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._beats = Heartbeats(clock)
        self._readers: dict[int, PartitionReader] = {}
        self._partitions: dict[int, PartitionView] = {}
        self._unreadable: set[int] = set()
        """Partitions whose state is damaged, or another's."""
        self._moved = False
        self._written: list[float] = []
        self._looked = time.monotonic()
        self._listeners: set[Callable[[], None]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="refresher", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def missing(self) -> str:
        """Say why there is nothing to answer from."""
        if self.view is not None and not self.view.partitions:
            numbers = ", ".join(str(part.number) for part in self.view.copies)
            return f"all partitions here were handed over to other workers ({numbers}): ask those"
        return self.problem or (
            f"no update was found under {self._directory} yet: see that the worker runs with the "
            "same HCDV_STATE_DIR and HCDV_TOPIC, and that sessions arrive"
        )

    def ailment(self) -> str | None:
        """Say why the API should be restarted, None where it is alive."""
        idle = self.look_age
        return f"the state was not looked at for {idle:.0f} s" if idle > _STALL_SECONDS else None

    def unreadiness(self) -> str | None:
        """Say why answers cannot be given or trusted to be current, None where they can."""
        there = self.view is not None and self.view.partitions
        return self.ailment() or self.problem or (None if there else self.missing)

    def freshness(self, number: int, next_offset: int) -> Freshness:
        """Return how current the state of a partition is that has come to ``next_offset``."""
        known = LogKnowledge(self._beats.of(number), self._beats.ends(number))
        return known.freshness(number, next_offset, self._clock(), self._stale_seconds)

    def heartbeat(self, number: int) -> Heartbeat | None:
        """Return the newest heartbeat of a partition."""
        return self._beats.of(number)

    def unwritten(self) -> list[Freshness]:
        """Return how current those partitions are that are owned here and have no state yet."""
        found = []
        for number, beat in self._beats.all():
            empty = number not in self._partitions and number not in self._unreadable
            if empty and not beat.moved:
                found.append(self.freshness(number, beat.next_offset))
        return found

    @contextmanager
    def listening(self, listener: Callable[[], None]) -> Iterator[None]:
        """Have ``listener`` called, by the thread, whenever the view has moved on."""
        self._listeners.add(listener)
        try:
            yield
        finally:
            self._listeners.discard(listener)

    @property
    def look_age(self) -> float:
        """Seconds since the state was looked at."""
        return time.monotonic() - self._looked

    def look(self) -> bool:
        """Bring the view up to date; return whether it is another one now.

        The view moves on after each partition, so that one waits for no other; the first view
        waits for all. A state that cannot be read is told in ``problem``; what was read of it
        before stays.
        """
        before, problem = self.view, None
        numbers = _partitions(self._directory)
        for number in self._readers.keys() - numbers:
            del self._readers[number]
            self._unreadable.discard(number)
            self._beats.forget(number)
            self._moved |= self._partitions.pop(number, None) is not None
        for number in sorted(numbers):
            self._moved |= self._beats.look(number, self._directory / str(number))
            problem = self._follow(number) or problem
            if self.view:
                problem = self._show() or problem
        if not (problem and self.view is None):
            problem = self._show() or problem
        if self.kept.erase() and self.view:
            for partition in self.view.partitions:
                partition.forget_others()
        self._looked = time.monotonic()
        foreign = (self._misplaced(number) for number in sorted(numbers))
        self._tell(problem or next(filter(None, foreign), None))
        return self.view is not before

    def _follow(self, number: int) -> str | None:
        """Read what changed in a partition; return what is wrong where it cannot be read."""
        begin = time.perf_counter()
        reader = self._readers.setdefault(number, PartitionReader(self._directory / str(number)))
        try:
            moved = reader.refresh()
        except StateError as error:
            self._unreadable.add(number)
            return str(error)
        if self._misplaced(number):
            self._unreadable.add(number)
            self._moved |= self._partitions.pop(number, None) is not None
            return None
        self._unreadable.discard(number)
        if moved:
            self._advance(number, reader)
            self._metrics.refresh_seconds.observe(time.perf_counter() - begin)
        return None

    def _misplaced(self, number: int) -> str | None:
        """Say that the state in a partition's directory is another's, which does not count."""
        reader = self._readers[number]
        if reader.identity is None:
            return None
        return misplaced(reader.directory, reader.identity, self._directory.name, number)

    def _show(self) -> str | None:
        """Swap the view for one of what was read; return why its partitions do not fit together."""
        if not self._moved:
            return None
        try:
            parts = list(self._partitions.values())
            self.view = StateView(parts, self._beats.moved) if parts else None
        except StateError as error:
            return str(error)
        self._moved = False
        self._publish()
        return None

    def _tell(self, problem: str | None) -> None:
        if problem is None:
            self._metrics.looked_at(self._clock())
        else:
            self._metrics.refresh_errors.inc()
            if problem != self.problem:
                log.error("state cannot be read", extra=fields(problem=problem))
        self.problem = problem

    def _advance(self, number: int, reader: PartitionReader) -> None:
        self._moved = True
        if reader.stored is None or reader.identity is None:
            self._partitions.pop(number, None)
            return
        before = self._partitions.get(number)
        if before is None or reader.changes is None:
            after = PartitionView.of(number, reader.identity, reader.stored, reader.log)
        else:
            after = replace(before.onwards(reader.stored, reader.changes), log=reader.log)
        self._partitions[number] = after
        if before is not None:  # what was there at the start says nothing of our delay
            changes = reader.changes or ()
            self._written += [change.position.written_at for change in changes]

    def _publish(self) -> None:
        view, now = self.view, self._clock()
        for written in self._written:
            self._metrics.delay_seconds.observe(max(now - written, 0.0))
        self._written.clear()
        self._metrics.partitions.set(len(view.partitions) if view else 0)
        self._metrics.examples.set(view.size if view else 0)
        parts = view.partitions if view else ()
        self._metrics.truncated.set(sum(not part.complete for part in parts))
        if view:
            self._metrics.view_written_at(view.written_at)
            self.kept.record(view)
        for listener in tuple(self._listeners):
            listener()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception:  # whatever it is, the next look may find it gone
                log.exception("look at the state failed")
                self._metrics.refresh_errors.inc()
            self._stop.wait(self._seconds)


def _partitions(directory: Path) -> set[int]:
    try:
        return set(partition_directories(directory))
    except (FileNotFoundError, NotADirectoryError):
        return set()
