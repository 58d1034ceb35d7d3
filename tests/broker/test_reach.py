"""Brokers that answer, and that send clients to an address that does not."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hcdv_stream.broker.embedded import EmbeddedBroker, free_port
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.broker.reach import answers, check_reach
from hcdv_stream.broker.topics import partition_counts
from hcdv_stream.cli.main import app
from hcdv_stream.experiments.endurance.kafka_process import KafkaProcess
from tests.conftest import KAFKA_SCRIPT

NOWHERE = "kafka.invalid:9092"

COMMANDS = {
    "worker": ["worker"],
    "topics": ["topics", "create"],
    "simulate": ["simulate", "clickstream", "--days", "1", "--sessions-per-day", "5"],
}


@pytest.fixture(scope="module")
def misleading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaProcess]:
    """A real Kafka: one listener advertises a name that does not resolve, one what is no Kafka."""
    if not KAFKA_SCRIPT:
        pytest.skip("needs Apache Kafka")
    with socket.create_server(("127.0.0.1", 0)) as other:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    other.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        told = f"PLAINTEXT://{NOWHERE},PROXIED://127.0.0.1:{other.getsockname()[1]}"
        directory = tmp_path_factory.mktemp("misleading")
        more = (f"advertised.listeners={told}",)
        with KafkaProcess(Path(KAFKA_SCRIPT), directory, more=more) as kafka:
            yield kafka
            kafka.kill()


@pytest.fixture(scope="module")
def misled(misleading: KafkaProcess) -> str:
    """Address of a real Kafka that advertises a name that does not resolve."""
    return misleading.bootstrap


@pytest.mark.broker
def test_an_advertised_address_where_something_else_listens_is_the_same(
    misleading: KafkaProcess, capfd: pytest.CaptureFixture[str]
):
    address = f"127.0.0.1:{misleading.inner_port}"
    with pytest.raises(BrokerError, match=r"advertised\.listeners"):
        partition_counts(address, ["sessions"], 3.0)
    assert not answers(address, 3.0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.broker
def test_an_advertised_address_that_cannot_be_reached_is_one_sentence(misled: str):
    with pytest.raises(BrokerError, match=r"advertised\.listeners") as caught:
        partition_counts(misled, ["sessions"], 3.0)
    assert str(caught.value).startswith(
        f"HCDV_BOOTSTRAP={misled} answers, but it sends clients to {NOWHERE}, where no Kafka "
    )
    assert "\n" not in str(caught.value)
    assert not answers(misled, 3.0)


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize("name", list(COMMANDS))
def test_each_command_says_so(name: str, misled: str, bundle: Path, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "hcdv_stream", *COMMANDS[name]],
        env={
            "HCDV_BOOTSTRAP": misled,
            "HCDV_BUNDLE": str(bundle),
            "HCDV_METRICS_PORT": "0",
            "HCDV_STATE_DIR": str(tmp_path / "state"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    said = " ".join((done.stdout + done.stderr).split())
    assert "advertised.listeners" in said
    assert "Traceback" not in said


@pytest.mark.broker
@pytest.mark.slow
def test_the_doctor_says_so(misled: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HCDV_BOOTSTRAP", misled)
    said = " ".join(CliRunner().invoke(app, ["doctor"]).output.split())
    assert "advertised.listeners" in said


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.worker.harness import small_bundle

    directory = tmp_path_factory.mktemp("bundle") / "bundle"
    small_bundle().save(directory)
    return directory


@pytest.mark.broker
def test_a_broker_that_answers():
    with EmbeddedBroker() as broker:
        check_reach(broker.bootstrap, 10.0)
        assert answers(broker.bootstrap, 5.0)
        # One of several is enough, and what is no broker does not count.
        check_reach(f"127.0.0.1:{free_port()},{broker.bootstrap}", 10.0)
        assert answers(f"127.0.0.1:{free_port()},{broker.bootstrap}", 5.0)


def test_who_accepts_and_says_nothing_does_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        assert not answers(address, 0.5)
        with pytest.raises(BrokerError, match=f"no Kafka at HCDV_BOOTSTRAP={address}"):
            check_reach(address, 0.5)
    assert not answers(address, 0.5)
