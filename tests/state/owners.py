"""Owners of a store that are started and killed many times a second.

Run as a script, this forks an owner for every line ``UPDATES PAUSE_SECONDS`` that it is given, and
says its process id; each goes on where the state ends, says ``idle`` after so many updates and
then waits to be killed. Nothing is imported anew, so an owner is there after milliseconds. Buffers
and manifests are an eighth of their size, so that files change often.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hcdv_stream.state import PartitionStore, layout
from tests.state import samples


class OwnerProcess:
    """The process that forks owners of ``directory``; use ``owners``."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._pid = 0

    def start(self, updates: int, pause: float) -> None:
        """Let an owner write; the one before must have been killed."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{updates} {pause}\n")
        self._process.stdin.flush()
        self._pid = int(self._line())

    def wait_until_idle(self) -> None:
        """Wait until the owner has written all that it was to write."""
        assert self._line() == "idle"

    def kill(self) -> None:
        """SIGKILL it and wait until it is gone."""
        os.kill(self._pid, signal.SIGKILL)
        while (line := self._line()) != "gone":
            assert line == "idle"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def owners(directory: Path) -> Iterator[OwnerProcess]:
    """Run the process that forks owners of the state in ``directory``."""
    command = [sys.executable, "-m", "tests.state.owners", str(directory)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield OwnerProcess(process)
        assert process.stdin is not None
        process.stdin.close()


def _own(directory: Path, updates: int, pause: float) -> None:
    with PartitionStore.open(directory, identity=samples.IDENTITY, log_length=100) as store:
        stored = store.load()
        first = (stored.sequence if stored else 0) + 1
        for update in range(first, first + updates):
            store.write(samples.delta_of(update), samples.position_of(update))
            time.sleep(pause)
        print("idle", flush=True)
        signal.pause()


def _serve(directory: Path) -> None:
    for line in sys.stdin:
        updates, pause = line.split()
        pid = os.fork()
        if not pid:
            _own(directory, int(updates), float(pause))
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    layout._MIB >>= 3
    _serve(Path(sys.argv[1]))
