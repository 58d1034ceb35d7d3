"""Fixtures that reach across folders: brokers, and topics that no other test uses.

Every test may run beside another process of the suite. What needs the machine for itself is marked
``alone``; ``make test`` runs it after the rest.
"""

import gc
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from hcdv_stream.broker.embedded import EmbeddedBroker, accepts_connections, free_port
from hcdv_stream.runtime.child_process import tethered
from tests.processes.shared_broker import broker_address, shared_broker

if TYPE_CHECKING:
    from tests.restartable_kafka import Kafka

# Where tests run in several processes, each computes on one thread: on cores that are taken, the
# threads of BLAS and OpenMP spend most of their time in waiting for each other. Children do so too.
if "PYTEST_XDIST_WORKER" in os.environ:
    assert "numpy" not in sys.modules, "the variables are read when NumPy loads"
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

# On a busy machine an example may take long; that says nothing about the code.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")

KAFKA_SCRIPT = os.environ.get("HCDV_TEST_KAFKA", "")
"""A script that runs a real Apache Kafka in the foreground: ``SCRIPT start PORT DATADIR``."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills", type=int, default=3, help="How often the kill loop kills its worker (3)."
    )
    parser.addoption(
        "--corruptions",
        type=int,
        default=40,
        help="How many damaged states an owner and a reader each open (40).",
    )
    for name, kind, default, about in (
        ("--broker-kills", int, 1, "How often the trial of faults kills its broker"),
        ("--outage", float, 3.0, "Seconds without a broker in the trial of faults"),
        ("--resets", int, 3, "How often the trial of faults resets all connections"),
        ("--half-open", float, 5.0, "Seconds of half-open connections in the trial of faults"),
    ):
        parser.addoption(name, type=kind, default=default, help=f"{about} ({default}).")
    parser.addoption(
        "--alone",
        choices=("only", "skip"),
        help="Run only the tests that need the machine for themselves, or all the others.",
    )
    parser.addoption(
        "--every-broker",
        action="store_true",
        help="Run slow tests on the embedded broker too where there is an Apache Kafka.",
    )
    parser.addoption(
        "--panels", help="Markdown file to write what each panel of the boards showed to."
    )


def pytest_configure(config: pytest.Config) -> None:
    undo_ignored_signals()
    if KAFKA_SCRIPT and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SharedKafka())


def undo_ignored_signals() -> None:
    """Give children the usual signals, also if whoever started the tests ignores some.

    A shell ignores SIGINT in what it starts in the background, ``nohup`` ignores SIGHUP, and
    children inherit both. A handler that does nothing ignores the signal here and is reset to the
    default in every child.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda number, frame: None)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Spare the few tests that run alone the import of all the others."""
    if (
        config.getoption("alone") != "only"
        or config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    ):
        return None
    files = collection_path.rglob("test_*.py") if collection_path.is_dir() else [collection_path]
    return None if any(b"mark.alone" in file.read_bytes() for file in files) else True


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Apply options; put files with long tests first, so that all processes end together.

    A slow test runs on one broker, Apache Kafka where there is one.
    """
    yield
    if not config.getoption("every_broker") and "kafka" in BROKERS:
        _deselect(config, items, lambda item: _is_slow(item) and _broker_of(item) == "tansu")
    if wanted := config.getoption("alone"):
        _deselect(
            config,
            items,
            lambda item: (item.get_closest_marker("alone") is None) == (wanted == "only"),
        )
    long = Counter(item.path for item in items if _is_slow(item))
    items.sort(key=lambda item: -long[item.path])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """Collect no garbage while the tests load, and from then on only what they make.

    A full collection goes through every module that is loaded; by default that takes an eighth of
    the tests' time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(5_000, *gc.get_threshold()[1:])
        gc.enable()


def _deselect(
    config: pytest.Config, items: list[pytest.Item], unwanted: Callable[[pytest.Item], bool]
) -> None:
    gone = [item for item in items if unwanted(item)]
    config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if not unwanted(item)]


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


def _broker_of(item: pytest.Item) -> object:
    """Return the kind of broker that a test is parametrised with."""
    return item.callspec.params.get("bootstrap") if hasattr(item, "callspec") else None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Let a choice of tests be empty on one side of ``--alone``."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.getoption("alone"):
        session.exitstatus = pytest.ExitCode.OK


@contextmanager
def _tansu() -> Iterator[str]:
    with EmbeddedBroker() as broker:
        yield broker.bootstrap


@contextmanager
def _kafka() -> Iterator[str]:
    port = free_port()
    directory = Path(tempfile.mkdtemp(prefix="hcdv-kafka-"))
    command = [str(Path(KAFKA_SCRIPT).resolve()), "start", str(port), str(directory)]
    process = subprocess.Popen(tethered(command), start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while not accepts_connections(port):
            assert process.poll() is None, (directory / "server.log").read_text()
            assert time.monotonic() < deadline, "Kafka did not come up within 120 s"
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(directory)


BROKERS: dict[str, Callable[[], AbstractContextManager[str]]] = {"tansu": _tansu}
if KAFKA_SCRIPT:
    BROKERS["kafka"] = _kafka


class SharedKafka:
    """One Apache Kafka for all processes of the tests: each would take ten seconds to start one."""

    def __init__(self) -> None:
        self._exits = ExitStack()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Say to a process of the tests where it asks for the broker."""
        node.workerinput["kafka"] = self._requests

    @cached_property
    def _requests(self) -> str:
        return self._exits.enter_context(shared_broker(_kafka))

    def pytest_unconfigure(self) -> None:
        self._exits.close()


@pytest.fixture(scope="session")
def brokers(pytestconfig: pytest.Config) -> Iterator[Callable[[str], str]]:
    """Starts a broker of a kind when it is first asked for; returns its address."""
    running: dict[str, str] = {}
    with ExitStack() as stack:

        def address(kind: str) -> str:
            if kind not in running:
                shared = getattr(pytestconfig, "workerinput", {}).get(kind)
                running[kind] = (
                    broker_address(shared) if shared else stack.enter_context(BROKERS[kind]())
                )
            return running[kind]

        yield address


@pytest.fixture(scope="session", params=list(BROKERS))
def bootstrap(request: pytest.FixtureRequest, brokers: Callable[[str], str]) -> str:
    """Address of a broker, one for the session: Tansu, and Kafka where there is one."""
    return brokers(request.param)


@pytest.fixture(scope="module")
def kafka_of_the_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Kafka"]:
    """One broker for a file's tests: to make one anew costs four seconds of a processor."""
    from tests.restartable_kafka import Kafka

    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    yield broker
    broker.end(signal.SIGKILL)


@pytest.fixture
def kafka(kafka_of_the_file: "Kafka") -> Iterator["Kafka"]:
    """An Apache Kafka to be stopped and started, which runs when the test begins."""
    kafka_of_the_file.start()
    yield kafka_of_the_file
    kafka_of_the_file.resume()


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Let this process open more files than the 1,024 of most users."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def topic(bootstrap: str) -> str:
    """A topic with one partition, and its dead-letter topic, that are this test's own."""
    return new_topic(bootstrap, 1)


@pytest.fixture
def wide_topic(bootstrap: str) -> str:
    """The same with four partitions."""
    return new_topic(bootstrap, 4)


def new_topic(bootstrap: str, partitions: int) -> str:
    from hcdv_stream.broker.topics import create_topics, session_topics
    from hcdv_stream.settings import load_settings

    name = f"sessions-{uuid.uuid4().hex[:12]}"
    create_topics(bootstrap, session_topics(load_settings(topic=name, partitions=partitions)))
    return name
