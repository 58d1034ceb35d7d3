"""One topic with a worker of its own: started, killed, waited for, and compared in the end."""

import os
import resource
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hcdv_stream.broker.embedded import HOST, free_port
from hcdv_stream.errors import HcdvError
from hcdv_stream.runtime.child_process import tethered
from hcdv_stream.state import PartitionReader
from hcdv_stream.state.errors import StateError

_LOOK_SECONDS = 0.1
_STOP_SECONDS = 60.0
_KEPT_LINES = 4
_COMPARED_SECONDS = 10.0
_PROBE_SECONDS = 2.0
_FAILING_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker that ended by itself, or was not alive any more: how, and its last lines.

    ``status`` is its exit status, or 503 where its liveness probe failed and it was killed.
    """

    status: int
    said: str


@dataclass
class TopicWorker:
    """A topic, the directory of its states, and the worker on them.

    What it does is to be run through ``thread``: workers die with the thread that started them.
    """

    topic: str
    partitions: int
    directory: Path
    environment: Mapping[str, str]
    starts: int = 0
    ended: list[Ended] = field(default_factory=list)
    stuck_readers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix=self.topic)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        self._failing_since: float | None = None
        self._looked_at = 0.0
        self._unread = ""
        self._readers = [PartitionReader(place) for place in self.places]

    @property
    def places(self) -> Sequence[Path]:
        """The directories of the partitions' states."""
        return [self.directory / "state" / self.topic / str(n) for n in range(self.partitions)]

    @property
    def pid(self) -> int:
        """The worker's process id."""
        if self._process is None:
            raise HcdvError(f"the worker of {self.topic} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the worker."""
        log = self.directory / "worker.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                tethered([sys.executable, "-m", "hcdv_stream", "worker"]),
                env={
                    **os.environ,
                    "OMP_NUM_THREADS": "1",
                    "HCDV_METRICS_PORT": str(self._port),
                    "HCDV_TOPIC": self.topic,
                    "HCDV_STATE_DIR": str(self.directory / "state"),
                    **self.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                start_new_session=True,
            )
        self.starts += 1
        self._failing_since = None

    def begin(self, seconds: float) -> float:
        """Start the worker and wait until it does something; return how long."""
        self.start()
        return self.wait_for_progress(seconds)

    def keep_up(self) -> None:
        """Start the worker again if it ended or is not alive any more, as an orchestrator does."""
        if self._process is None:
            return
        if self._process.poll() is not None:
            self.ended.append(self._last_words())
            self.start()
        elif not self._is_alive():
            self.ended.append(Ended(503, self._last_words().said))
            self.kill()
            self.start()

    def _is_alive(self) -> bool:
        """Whether the liveness probe has not failed for long."""
        now = time.monotonic()
        if now - self._looked_at < _PROBE_SECONDS:
            return True
        self._looked_at = now
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self._port}/livez", timeout=5.0):
                self._failing_since = None
        except urllib.error.HTTPError as error:
            error.close()
            self._failing_since = self._failing_since or now
        except OSError:  # it does not listen yet
            self._failing_since = None
        return self._failing_since is None or now - self._failing_since < _FAILING_SECONDS

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """Ask it to stop; return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(_STOP_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def offsets(self) -> list[int]:
        """The first offset of each partition that has no effect yet, as far as can be read."""
        for reader in self._readers:
            try:
                reader.refresh()
            except StateError as error:  # between a kill and a start: what was read before stands
                self._unread = str(error)
                continue
        return [
            reader.stored.position.next_offset if reader.stored else 0 for reader in self._readers
        ]

    def wait_for_progress(self, seconds: float) -> float:
        """Wait until some offset moves, starting the worker again if it ends; return how long."""
        before = self.offsets()
        return self._wait(lambda now: now != before, seconds)

    def wait_for(self, ends: Sequence[int], seconds: float) -> float:
        """Wait until everything below these offsets is durable; return how long."""
        return self._wait(
            lambda now: all(one >= end for one, end in zip(now, ends, strict=True)), seconds
        )

    def fill_disk(self, seconds: float) -> Ended | None:
        """Let no file of the worker grow any more, as on a full disk; return how it ended.

        None where it did not end by itself within ``seconds``; then it is killed.
        """
        process = self._process
        if process is None:
            raise HcdvError(f"the worker of {self.topic} is not running")
        files = [path for place in self.places for path in place.iterdir()]
        limit = max(path.stat().st_size for path in files if path.is_file()) + 1
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        ended = self._last_words()
        self._process = None
        return ended

    def close(self) -> None:
        """End the worker at once and let go of the states."""
        self.kill()
        for reader in self._readers:
            reader.close()

    def _replace_stuck_readers(self) -> None:
        """Put a new reader in the place of one that lags behind it, and note that it did."""
        for number, (place, old) in enumerate(zip(self.places, self._readers, strict=True)):
            new = PartitionReader(place)
            try:
                new.refresh()
            except StateError:  # the owner is just starting
                continue
            behind = old.stored.position.next_offset if old.stored else 0
            ahead = new.stored.position.next_offset if new.stored else 0
            with suppress(StateError):
                old.refresh()
            now = old.stored.position.next_offset if old.stored else 0
            if now < ahead:
                self.stuck_readers.append(f"{place}: {behind} instead of {ahead}; {self._unread}")
            old.close()
            self._readers[number] = new

    def _last_words(self) -> Ended:
        process = self._process
        status = process.returncode if process is not None else 0
        text = (self.directory / "worker.log").read_text(errors="replace")
        return Ended(status, "\n".join(text.strip().splitlines()[-_KEPT_LINES:]))

    def _wait(self, there: Callable[[list[int]], bool], seconds: float) -> float:
        begin = compared = time.monotonic()
        while not there(self.offsets()):
            self.keep_up()
            if time.monotonic() - compared > _COMPARED_SECONDS:
                self._replace_stuck_readers()
                compared = time.monotonic()
            if time.monotonic() - begin > seconds:
                said = self._last_words().said
                raise HcdvError(
                    f"the worker of {self.topic} stood still at {self.offsets()} for "
                    f"{seconds:.0f} s: {said}"
                )
            time.sleep(_LOOK_SECONDS)
        return time.monotonic() - begin
