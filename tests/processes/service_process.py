"""Starts ``hcdv-stream`` as a process of its own without loading its modules again."""

import atexit
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Self

from hcdv_stream.runtime.child_process import tethered
from tests.processes import fork_server


class ServiceProcess:
    """A fork that runs a command of ours; used as a ``subprocess.Popen`` is.

    ``stdout`` and ``stderr`` are open files, or None for those of the tests; ``descriptors`` are
    how many files it may open. What trains, or needs torch, is forked from a server that has
    ``loaded`` "training".
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdout: int | None = None,
        stderr: int | None = None,
        directory: Path | None = None,
        descriptors: int | None = None,
        loaded: str = "services",
    ) -> None:
        head = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "directory": str(directory or Path.cwd()),
            "descriptors": descriptors,
        }
        self.returncode: int | None = None
        self._status, status = os.pipe()
        with Path(os.devnull).open() as nothing:
            files = [nothing.fileno(), 1 if stdout is None else stdout]
            files += [2 if stderr is None else stderr, status]
            server = _server(loaded)
            socket.send_fds(server, [json.dumps(head).encode()], files)
            os.close(status)
            self.pid = int(server.recv(20))

    def poll(self) -> int | None:
        """Return the exit code if it has ended."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self._take_status()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; return its exit code."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(["hcdv-stream"], timeout or 0.0)
            self._take_status()
        assert self.returncode is not None
        return self.returncode

    def _take_status(self) -> None:
        # Nothing comes if the server was killed, and then the kernel has killed its forks.
        self.returncode = int(os.read(self._status, 20) or -signal.SIGKILL)
        os.close(self._status)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()


@contextmanager
def serving(kind: str, *options: str, **settings: object) -> Iterator[tuple[ServiceProcess, str]]:
    """Run ``api`` or ``gateway`` on a free port; yields the process and its address."""
    environment = os.environ | {f"HCDV_{name.upper()}": str(one) for name, one in settings.items()}
    with tempfile.TemporaryFile("w+") as log:
        process = ServiceProcess([kind, "--port", "0", *options], environment, stderr=log.fileno())
        try:
            while not (found := re.search(r"listening host=(\S+) port=(\d+)", _text(log))):
                assert process.poll() is None, _text(log)
                time.sleep(0.01)
            yield process, f"http://{found[1]}:{found[2]}"
        finally:
            process.kill()
            process.wait()


def _text(log: IO[str]) -> str:
    return os.pread(log.fileno(), 1 << 20, 0).decode()


@cache
def _server(loaded: str) -> socket.socket:
    """Start a server of this process of the tests; it ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, fork_server.__file__, str(theirs.fileno()), loaded]
    with theirs:
        process = subprocess.Popen(
            tethered(command), env=os.environ | one_thread, pass_fds=[theirs.fileno()]
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
