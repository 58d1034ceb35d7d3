"""A temporary directory that does not outlive the processes that use it."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from hcdv_stream.demo import janitor

_CLEAN_SECONDS = 20.0


class Workspace:
    """A context manager around a new directory, ``path``.

    It is removed when the context is left, and also when this process is killed: a janitor process
    waits for the end of everybody who holds ``lifeline``, a file descriptor that is to be passed on
    to every child that writes to the directory. Children must end before the context is left.
    """

    def __init__(self, prefix: str = "hcdv-demo-") -> None:
        self._prefix = prefix

    def __enter__(self) -> Self:
        self.path = Path(tempfile.mkdtemp(prefix=self._prefix))
        reading, self.lifeline = os.pipe()
        # A session of its own: what ends a terminal's other processes must not end the janitor.
        self._janitor = subprocess.Popen(
            [sys.executable, "-I", "-S", janitor.__file__, str(self.path)],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reading)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self.lifeline)
        try:
            self._janitor.wait(_CLEAN_SECONDS)
        except subprocess.TimeoutExpired:  # a child lives on; the janitor goes on waiting for it
            return
        shutil.rmtree(self.path, ignore_errors=True)  # for a janitor that was killed itself
