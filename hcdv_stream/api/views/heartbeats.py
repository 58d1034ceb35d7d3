"""The heartbeats beside the states of this machine, and what they have said of the logs' ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

from hcdv_stream.api.views.freshness import LogEnds
from hcdv_stream.state.heartbeat import NAME, Heartbeat, read_heartbeat

_NOTHING = LogEnds()


class Heartbeats:
    """The newest heartbeat of every partition; one thread looks, others may ask."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds since the epoch."""
        self._clock = clock
        self._files: dict[int, tuple[int, int, int] | None] = {}
        self._beats: dict[int, Heartbeat] = {}
        self._ends: dict[int, LogEnds] = {}

    @property
    def moved(self) -> frozenset[int]:
        """The partitions that other workers own."""
        return frozenset(number for number, beat in self.all() if beat.moved)

    def all(self) -> Iterator[tuple[int, Heartbeat]]:
        """Yield the partitions that have one, each with it."""
        return iter(tuple(self._beats.items()))

    def of(self, number: int) -> Heartbeat | None:
        """Return a partition's, None where there is none."""
        return self._beats.get(number)

    def ends(self, number: int) -> LogEnds:
        """Return what is known of where a partition's log ended."""
        return self._ends.get(number, _NOTHING)

    def look(self, number: int, directory: Path) -> bool:
        """Read a heartbeat that is new; return whether the partition has moved away or back."""
        file = _file(directory / NAME)
        if file == self._files.get(number):
            return False
        self._files[number] = file
        now = self._clock()
        before, beat = self._beats.get(number), read_heartbeat(directory, now)
        if beat is None:
            self._beats.pop(number, None)
        else:
            self._ends.setdefault(number, LogEnds()).learn(beat.held, beat.checked, now=now)
            self._beats[number] = beat
        return (before is not None and before.moved) != (beat is not None and beat.moved)

    def forget(self, number: int) -> None:
        """A partition's directory is gone."""
        for known in (self._files, self._beats, self._ends):
            known.pop(number, None)


def _file(path: Path) -> tuple[int, int, int] | None:
    """Return what tells a file from the one that replaces it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
