"""Fixtures that reach across folders: brokers, and topics that no other test uses."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcdv_stream.broker.embedded import EmbeddedBroker, accepts_connections, free_port
from hcdv_stream.tether import tethered

KAFKA_SCRIPT = os.environ.get("HCDV_TEST_KAFKA", "")
"""A script that runs a real Apache Kafka in the foreground: ``SCRIPT start PORT DATADIR``."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills", type=int, default=3, help="How often the kill loop kills its worker (3)."
    )
    parser.addoption(
        "--corruptions",
        type=int,
        default=60,
        help="How many damaged states an owner and a reader each open (60).",
    )
    parser.addoption(
        "--panels", help="Markdown file to write what each panel of the boards showed to."
    )


def _tansu() -> Iterator[str]:
    with EmbeddedBroker() as broker:
        yield broker.bootstrap


def _kafka() -> Iterator[str]:
    port = free_port()
    directory = Path(tempfile.mkdtemp(prefix="hcdv-kafka-"))
    command = [str(Path(KAFKA_SCRIPT).resolve()), "start", str(port), str(directory)]
    process = subprocess.Popen(tethered(command), start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not accepts_connections(port):
            assert process.poll() is None, (directory / "server.log").read_text()
            assert time.monotonic() < deadline, "Kafka did not come up within 60 s"
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(directory)


BROKERS = {"tansu": _tansu} | ({"kafka": _kafka} if KAFKA_SCRIPT else {})


@pytest.fixture(scope="session", params=list(BROKERS))
def bootstrap(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a broker, one for the session: Tansu, and Kafka where there is one."""
    yield from BROKERS[request.param]()


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
