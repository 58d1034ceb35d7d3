"""An Apache Kafka that can be killed and comes back on the same data, with a second way in.

``bootstrap`` is for whoever is to be left alone. Clients of ``proxied`` are sent to the proxy's
port for every connection, because that is the address that this listener advertises.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from hcdv_stream.broker.embedded import HOST, accepts_connections, free_port
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.runtime.child_process import tethered

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


class KafkaProcess:
    """A context manager around ``SCRIPT start PORT DATADIR KEY=VALUE...``.

    The script must run Kafka in the foreground. Raises BrokerError where it does not come up.
    """

    def __init__(
        self, script: Path, directory: Path, proxy_port: int = 0, more: Sequence[str] = ()
    ) -> None:
        self._script = script.resolve()
        self._directory = directory
        self._port, self.inner_port, controller = free_port(), free_port(), free_port()
        listeners = {
            "PLAINTEXT": (self._port, self._port),
            "PROXIED": (self.inner_port, proxy_port or self.inner_port),
        }
        listened = [f"{name}://{HOST}:{port}" for name, (port, _) in listeners.items()]
        told = [f"{name}://{HOST}:{port}" for name, (_, port) in listeners.items()]
        self._settings = [
            f"listeners={','.join([*listened, f'CONTROLLER://{HOST}:{controller}'])}",
            f"advertised.listeners={','.join(told)}",
            f"controller.quorum.voters=1@{HOST}:{controller}",
            "listener.security.protocol.map="
            "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "group.min.session.timeout.ms=1000",
            *more,
        ]
        self.bootstrap = f"{HOST}:{self._port}"
        self.proxied = f"{HOST}:{proxy_port or self.inner_port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def start(self) -> float:
        """Start it and wait until it accepts connections; return how many seconds that took."""
        begin = time.monotonic()
        command = [str(self._script), "start", str(self._port), str(self._directory)]
        # A session of its own: Ctrl-C must reach its clients first.
        self._process = subprocess.Popen(
            tethered([*command, *self._settings]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not (accepts_connections(self._port) and accepts_connections(self.inner_port)):
            if self._process.poll() is not None or time.monotonic() - begin > _START_SECONDS:
                with suppress(ProcessLookupError):
                    self.kill()
                raise BrokerError(
                    f"{self._script} did not come up on port {self._port} within "
                    f"{_START_SECONDS:.0f} s: look at {self._directory}/server.log"
                )
            time.sleep(0.1)
        return time.monotonic() - begin

    def kill(self) -> None:
        """SIGKILL the whole of it, and wait until it is gone."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
