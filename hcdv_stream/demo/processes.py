"""The demo's own processes: they die with it, their output is kept, their early end is noticed."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from hcdv_stream.errors import HcdvError
from hcdv_stream.runtime.child_process import tethered

_STOP_SECONDS = 15.0
_SHOWN_LINES = 8


class ChildDiedError(HcdvError):
    """A process of the demo ended by itself: holds the last lines it wrote."""


class Child:
    """A context manager around ``hcdv-stream COMMAND`` as a process of its own.

    ``environment`` is added to this process's. What it writes goes to ``log``. ``lifeline`` is the
    workspace's. It dies with the thread that entered the context.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, lifeline: int
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._log = log
        self._lifeline = lifeline

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        with self._log.open("wb") as output:
            # A session of its own: Ctrl-C is for the demo, which stops its parts in order.
            self._process = subprocess.Popen(
                tethered([sys.executable, "-m", "hcdv_stream", *self._command]),
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(self._lifeline,),
                start_new_session=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()

    def check(self) -> None:
        """Raise ChildDiedError where the process has ended."""
        status = self._process.poll()
        if status is not None:
            lines = self._log.read_text(errors="replace").strip().splitlines()
            said = "\n".join(lines[-_SHOWN_LINES:]) or "it wrote nothing"
            raise ChildDiedError(
                f"`hcdv-stream {' '.join(self._command)}` ended with status {status}: {said}"
            )
