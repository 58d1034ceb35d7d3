"""The demo as a process: its figures, its end, and that nothing is left behind however it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from typer.testing import CliRunner

from hcdv_stream.broker.embedded import accepts_connections, free_port
from hcdv_stream.cli.main import app
from tests.processes.service_process import ServiceProcess

MARK = "HCDV_TEST_DEMO"
LONG_SECONDS = 300


def program(arguments, environment, output):
    """The demo as a user starts it."""
    command = [sys.executable, "-m", "hcdv_stream", *arguments]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=output)


def fork(arguments, environment, output):
    """The same without four seconds in which a processor loads modules."""
    return ServiceProcess(arguments, environment, stdout=output, stderr=output, loaded="training")


class Demo:
    """A demo with ports, a temporary directory and a mark in its environment that are its own."""

    def __init__(self, tmp_path, *arguments, start=fork):
        self.temporary = tmp_path / "temporary"
        self.temporary.mkdir()
        self.mark = uuid.uuid4().hex
        self.ports = {name: free_port() for name in ("kafka", "api", "metrics")}
        if "--bootstrap" in arguments:
            del self.ports["kafka"]
        given = [text for name, port in self.ports.items() for text in (f"--{name}-port", port)]
        ours = ("HCDV_", "TORCHINDUCTOR_")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        read, write = os.pipe()
        self.output = os.fdopen(read, encoding="utf-8")
        self.process = start(
            [str(part) for part in ("demo", *given, *arguments)],
            inherited | {"TMPDIR": str(self.temporary), MARK: self.mark, "OMP_NUM_THREADS": "1"},
            write,
        )
        os.close(write)
        self.said = ""

    def until(self, pattern):
        """Read what it says until a line matches."""
        for line in self.output:
            self.said += line
            if re.search(pattern, line):
                return
        raise AssertionError(f"it ended without {pattern!r}:\n{self.said}")

    def finish(self):
        """Wait for its end; return the exit status."""
        status = self.process.wait(LONG_SECONDS)
        self.said += self.output.read()
        return status

    def processes(self):
        """Its id and those of the processes that it started, of all that still run."""
        # The environment that a fork was given is not the one that /proc shows.
        forked = isinstance(self.process, ServiceProcess) and self.process.poll() is None
        found = [self.process.pid] if forked else []
        for directory in Path("/proc").iterdir():
            if directory.name.isdigit():
                try:
                    marked = self.mark.encode() in (directory / "environ").read_bytes()
                    state = (directory / "stat").read_text().rsplit(")", 1)[1].split()[0]
                except OSError:
                    continue
                if marked and state != "Z":
                    found.append(int(directory.name))
        return found

    def leftovers(self, seconds):
        """What is still there after so many seconds at most."""
        deadline = time.monotonic() + seconds
        while True:
            left = [
                *self.processes(),
                *self.temporary.iterdir(),
                *(name for name, port in self.ports.items() if accepts_connections(port)),
            ]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.05)


@contextmanager
def demo(tmp_path, *arguments, start=fork):
    started = Demo(tmp_path, *arguments, start=start)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
        started.process.wait()
        started.output.close()


@pytest.mark.broker
@pytest.mark.slow
def test_the_whole_way_and_everything_up_until_ctrl_c(tmp_path):
    summary_path = tmp_path / "summary.json"
    arguments = ("--sessions", 600, "--rate", 0, "--seed", 1, "--json", summary_path)
    with demo(tmp_path, *arguments, start=program) as running:
        running.until("stays up until Ctrl-C")
        assert len(running.processes()) == 5, "demo, janitor, broker, worker and API"
        assert all(accepts_connections(port) for port in running.ports.values())
        address = f"http://127.0.0.1:{running.ports['api']}/v1/summary"
        with urllib.request.urlopen(address, timeout=10) as answer:
            told = json.load(answer)
        running.process.send_signal(signal.SIGINT)
        assert running.finish() == 0
        assert not running.leftovers(seconds=0)
    summary = json.loads(summary_path.read_text())
    assert summary["sessions_valued"] == summary["sessions_streamed"] == told["examples"] == 600
    assert summary["updates"] == told["updates"] == sum(told["as_of"]["updates"].values())
    assert summary["leaves"] == told["leaves"]
    assert summary["dead_letters"] == 0
    assert summary["efficiency_residual"] <= 1e-9
    latency = summary["update_latency_seconds"]
    assert 0 < latency["p50"] <= latency["p99"] <= latency["max"] < 30
    assert {"spawned", "rebalances"} <= summary.keys()
    assert set(summary["auc"]) == {"select20", "top20", "random20", "all"}
    assert all(0.5 < auc < 1 for auc in summary["auc"].values())
    assert 0.5 < summary["detection_auc"] <= 1
    assert sum(payout["examples"] for payout in summary["providers"]) == 600
    values = [sum(payout["value"] for payout in summary["providers"]), summary["total_value"]]
    assert values[0] == pytest.approx(values[1], abs=1e-9)
    assert len(summary["highest"]) == len(summary["lowest"]) == 5
    assert summary["highest"][0]["id"] in running.said
    assert summary["lowest"][0]["id"] in running.said


@pytest.mark.broker
def test_killed_while_it_starts_it_leaves_nothing(tmp_path):
    with demo(tmp_path, "--sessions", 600) as running:
        running.until("bundle:")
        deadline = time.monotonic() + 30
        while len(running.processes()) < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(running.processes()) == 5
        assert list(running.temporary.iterdir())
        running.process.kill()
        assert running.finish() == -signal.SIGKILL
        assert not running.leftovers(seconds=10)


@pytest.mark.broker
@pytest.mark.slow
def test_killed_while_it_streams_it_leaves_nothing(tmp_path):
    with demo(tmp_path, "--sessions", 600, "--rate", 20) as running:
        running.until("of 600 sessions")
        running.process.kill()
        assert running.finish() == -signal.SIGKILL
        assert not running.leftovers(seconds=10)


@pytest.mark.broker
@pytest.mark.slow
def test_a_part_that_dies_ends_it_with_its_last_words(tmp_path):
    with demo(tmp_path, "--sessions", 600, "--rate", 20) as running:
        running.until("of 600 sessions")
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in running.processes()}
        (worker,) = [pid for pid, command in commands.items() if command.endswith("worker\0")]
        os.kill(worker, signal.SIGKILL)
        assert running.finish() == 1
        assert "`hcdv-stream worker` ended with status -9" in running.said
        assert not running.leftovers(seconds=0)


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("bundle:", signal.SIGINT),
        ("bundle:", signal.SIGHUP),
        ("of 600 sessions", signal.SIGTERM),
    ],
)
def test_stopped_in_the_middle_it_leaves_nothing(tmp_path, moment, number):
    with demo(tmp_path, "--sessions", 600, "--rate", 20) as running:
        running.until(moment)
        running.process.send_signal(number)
        assert running.finish() == 128 + number
        assert "Traceback" not in running.said
        assert not running.leftovers(seconds=0)


@pytest.mark.broker
@pytest.mark.slow
def test_a_file_without_ids_or_sellers(tmp_path):
    source, summary_path = tmp_path / "clicks.csv", tmp_path / "summary.json"
    make = ["simulate", "clickstream", "--days", "1", "--sessions-per-day", "700"]
    assert CliRunner().invoke(app, [*make, "--out", str(source)]).exit_code == 0
    options = ("--input", source, "--label", "purchase", "--drop", "session,time,provider")
    options += ("--flip-share", 0.1, "--rate", 0, "--exit", "--json", summary_path)
    with demo(tmp_path, *options) as running:
        assert running.finish() == 0, running.said
        assert not running.leftovers(seconds=0)
    summary = json.loads(summary_path.read_text())
    counts = [summary[name] for name in ("sessions_valued", "trusted_examples", "test_examples")]
    assert sum(counts) == 700
    assert counts == pytest.approx([504, 56, 140], abs=3)
    assert summary["labels_flipped"] == round(0.1 * counts[0])
    assert [payout["provider"] for payout in summary["providers"]] == [None]
    assert summary["highest"][0]["id"].startswith("row-")


@pytest.mark.broker
@pytest.mark.slow
def test_a_kafka_that_is_there_already_is_left_as_it_was(bootstrap, tmp_path):
    before = topics(bootstrap)
    options = ("--bootstrap", bootstrap, "--sessions", 300, "--rate", 0, "--exit")
    with demo(tmp_path, *options) as running:
        assert running.finish() == 0, running.said
        assert not running.leftovers(seconds=0)
    assert topics(bootstrap) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--input", "clicks.csv"], "--input and --label go together"),
        (["--json", "missing/summary.json"], "make the folder missing first"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(arguments, sentence):
    done = CliRunner().invoke(app, ["demo", *arguments])
    assert sentence in str(done.exception)


def test_a_broker_that_is_not_there_is_said_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr("hcdv_stream.demo.performance.REACH_SECONDS", 0.2)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "elsewhere")
    done = CliRunner().invoke(app, ["demo", "--bootstrap", f"127.0.0.1:{free_port()}"])
    assert "no Kafka at" in str(done.exception)
    assert not list(tmp_path.iterdir())


def topics(bootstrap):
    """Names of topics, without those that other tests make on the same broker meanwhile."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        return sorted(
            name for name in admin.list_topics() if not name.startswith(("__", "sessions-"))
        )
    finally:
        admin.close()
