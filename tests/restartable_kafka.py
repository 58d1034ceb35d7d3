"""An Apache Kafka that tests stop and start again; the embedded broker would lose its log."""

import signal
import subprocess
from pathlib import Path

from hcdv_stream.broker.embedded import accepts_connections, free_port
from hcdv_stream.runtime.child_process import tethered
from tests.conftest import KAFKA_SCRIPT
from tests.worker.harness import until


class Kafka:
    """One broker on one directory and one port."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = free_port()
        self.bootstrap = f"127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it where it does not run."""
        if self._process is not None:
            return
        command = [str(Path(KAFKA_SCRIPT).resolve()), "start", str(self._port)]
        self._process = subprocess.Popen(
            tethered([*command, str(self._directory)]), start_new_session=True
        )
        until(lambda: accepts_connections(self._port), 60, "Kafka")

    def end(self, number: int) -> None:
        """End it with a signal, where it runs, and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(60)

    def resume(self) -> None:
        """Let it go on where a test stopped it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def send_signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)
