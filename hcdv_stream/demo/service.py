"""The whole service on this machine: broker, topics, worker and API, up together, gone together."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hcdv_stream.broker.embedded import HOST, EmbeddedBroker, free_port
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.broker.topics import create_topics, delete_topics, session_topics
from hcdv_stream.demo.endpoints import is_up
from hcdv_stream.demo.processes import Child, ChildDiedError
from hcdv_stream.demo.workspace import Workspace
from hcdv_stream.settings import Settings

_START_SECONDS = 60.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class RunningService:
    """A running service: where its parts are, and what they wrote.

    ``timings`` is the file that the worker appends the way of every poll to.
    """

    bootstrap: str
    topic: str
    api: str
    metrics: str
    timings: Path
    children: tuple[Child, ...]

    def check(self) -> None:
        """Raise ChildDiedError where a process has ended by itself."""
        for child in self.children:
            child.check()


@contextmanager
def running(
    settings: Settings, workspace: Workspace, *, made_here: bool
) -> Iterator[RunningService]:
    """Start everything and wait until the worker owns every partition and the API answers.

    ``settings`` say what to start, with ports of 0 for free ones; ``settings.bootstrap`` is where
    Kafka is. Unless that was ``made_here`` and goes away by itself, the topics are deleted again.
    Raises HcdvError where something does not come up.
    """
    api_port, metrics_port = settings.api_port or free_port(), settings.metrics_port or free_port()
    timings = workspace.path / "timings.ndjson"
    environment = {
        "HCDV_BOOTSTRAP": settings.bootstrap,
        "HCDV_TOPIC": settings.topic,
        "HCDV_GROUP": settings.group,
        "HCDV_PARTITIONS": str(settings.partitions),
        "HCDV_BUNDLE": str(settings.bundle),
        "HCDV_STATE_DIR": str(settings.state_dir),
        "HCDV_UPDATE_LOG_LENGTH": str(settings.update_log_length),
        "HCDV_API_HISTORY_MIB": str(settings.api_history_mib),
        "HCDV_API_HOST": HOST,
        "HCDV_API_PORT": str(api_port),
        "HCDV_METRICS_HOST": HOST,
        "HCDV_METRICS_PORT": str(metrics_port),
        "HCDV_TIMINGS": str(timings),
        "TMPDIR": str(workspace.path),  # what a killed API leaves there goes with the rest
    }
    with ExitStack() as stack:
        made = create_topics(settings.bootstrap, session_topics(settings))
        if not made_here:
            stack.callback(delete_topics, settings.bootstrap, made)
        children = tuple(
            stack.enter_context(
                Child([name], environment, workspace.path / f"{name}.log", workspace.lifeline)
            )
            for name in ("worker", "api")
        )
        service = RunningService(
            settings.bootstrap,
            settings.topic,
            f"http://{HOST}:{api_port}",
            f"http://{HOST}:{metrics_port}",
            timings,
            children,
        )
        _wait(service, "the worker", lambda: is_up(f"{service.metrics}/readyz"))
        _wait(service, "the API", lambda: is_up(f"{service.api}/livez"))
        yield service


def _wait(service: RunningService, what: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        service.check()
        if time.monotonic() > deadline:
            raise ChildDiedError(
                f"{what} was not ready after {_START_SECONDS:.0f} s: see that this machine is not "
                "overloaded and try again"
            )
        time.sleep(_LOOK_SECONDS)


@contextmanager
def kafka(bootstrap: str | None, port: int) -> Iterator[tuple[str, EmbeddedBroker | None]]:
    """Give the address of the Kafka that is named, or of an embedded broker for as long."""
    if bootstrap is not None:
        if port:
            raise BrokerError("--kafka-port is for the embedded broker: leave out --bootstrap")
        yield bootstrap, None
        return
    with EmbeddedBroker(port) as broker:
        yield broker.bootstrap, broker
