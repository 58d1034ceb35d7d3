"""``simulate``: files, topics, and what is refused."""

import re
import signal
import subprocess
import sys
import time

import orjson
import pytest
from kafka import KafkaConsumer, TopicPartition
from typer.testing import CliRunner

from hcdv_stream.cli.main import app
from hcdv_stream.offline.examples import Roles, read_examples
from hcdv_stream.offline.tables import read_table
from hcdv_stream.simulators.clickstream import ID, LABEL, PROVIDER, TIME, generate
from hcdv_stream.simulators.clickstream_examples import clickstream_examples

SMALL = ["simulate", "clickstream", "--days", "2", "--sessions-per-day", "60"]


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("ending", ["csv", "parquet", "ndjson"])
def test_the_click_stream_as_a_file(tmp_path, ending):
    out = tmp_path / f"clicks.{ending}"
    done = run(*SMALL, "--seed", 3, "--out", out)
    assert done.exit_code == 0, done.output
    roles = Roles(LABEL, ID, TIME, PROVIDER)
    if ending == "ndjson":
        roles = Roles("label", "id", "ts", "provider")
    read = read_examples(out, roles, ["schema"] if ending == "ndjson" else [])
    expected = clickstream_examples(generate(2, 60, 3))
    assert read.ids == expected.ids
    assert read.labels == expected.labels
    assert read.columns == expected.columns


def test_the_days_before_are_another_file(tmp_path):
    out = tmp_path / "history.csv"
    assert run(*SMALL, "--first-day", -2, "--start", "2027-03-01", "--out", out).exit_code == 0
    ids = read_examples(out, Roles(LABEL, ID, TIME, PROVIDER)).ids
    assert ids[0] == "20270227-00000"
    assert len(ids) == 120


def test_flips_are_written_down(tmp_path):
    out, flips = tmp_path / "clicks.csv", tmp_path / "flips.csv"
    assert run(*SMALL, "--flip-share", 0.1, "--flips", flips, "--out", out).exit_code == 0
    sent = read_examples(out, Roles(LABEL, ID, TIME, PROVIDER))
    told = read_table(flips).to_pylist()
    assert len(told) == 12
    for flip in told:
        assert sent.labels[sent.ids.index(flip["id"])] == flip["sent_label"] != flip["true_label"]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    for name in ("missing/clicks.csv", "missing/clicks.ndjson", "clicks.xlsx"):
        done = run(*SMALL, "--out", tmp_path / name)
        assert isinstance(done.exception, Exception)
        assert name in str(done.exception)


@pytest.mark.broker
def test_the_click_stream_to_a_topic(bootstrap, wide_topic):
    done = run(*SMALL, "--bootstrap", bootstrap, "--topic", wide_topic)
    assert done.exit_code == 0, done.output
    sent = {orjson.loads(record.value)["id"] for record in consume(bootstrap, wide_topic, 4, 120)}
    assert sent == set(generate(2, 60).ids)


@pytest.mark.broker
def test_a_file_to_a_topic_in_order_of_time(bootstrap, topic, tmp_path):
    source, flips = tmp_path / "clicks.csv", tmp_path / "flips.csv"
    source.write_text("who,when,pages,bought\na,3,1,yes\nb,1,2,no\nc,2,3,\nd,2,4,yes\ne,9,5,no\n")
    arguments = ["--input", source, "--label", "bought", "--id", "who", "--time", "when"]
    arguments += ["--bootstrap", bootstrap, "--topic", topic, "--limit", 3]
    arguments += ["--flip-share", 1, "--flips", flips]
    done = run("simulate", "replay", *arguments)
    assert done.exit_code == 0, done.output
    assert "1 rows without a label" in done.output
    sent = [orjson.loads(record.value) for record in consume(bootstrap, topic, 1, 3)]
    assert [(s["id"], s["ts"], s["features"], s["label"]) for s in sent] == [
        ("b", 1.0, {"pages": 2}, "yes"),
        ("d", 2.0, {"pages": 4}, "no"),
        ("a", 3.0, {"pages": 1}, "no"),
    ]
    assert read_table(flips)["id"].to_pylist() == ["b", "d", "a", "e"]


@pytest.mark.broker
def test_ctrl_c_says_how_far_it_came(bootstrap, topic):
    command = [sys.executable, "-m", "hcdv_stream", *SMALL, "--rate", "20"]
    command += ["--bootstrap", bootstrap, "--topic", topic]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as sending:
        assert len(consume(bootstrap, topic, 1, 5)) >= 5
        sending.send_signal(signal.SIGINT)
        said = sending.communicate(timeout=20)[1]
    assert sending.returncode == 130
    assert "Traceback" not in said
    count = int(re.search(r"stopped after (\d+) of 120 sessions", said)[1])
    assert len(consume(bootstrap, topic, 1, count)) == count


@pytest.mark.broker
def test_a_topic_that_is_not_there_is_one_sentence(bootstrap):
    done = run(*SMALL, "--bootstrap", bootstrap, "--topic", "nowhere")
    assert "hcdv-stream topics create" in str(done.exception)


def consume(bootstrap, topic, partitions, count):
    """The first ``count`` records; Tansu's end offsets cannot tell how many."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    records = []
    deadline = time.monotonic() + 30
    try:
        consumer.assign([TopicPartition(topic, partition) for partition in range(partitions)])
        while len(records) < count and time.monotonic() < deadline:
            for some in consumer.poll(timeout_ms=1000).values():
                records += some
    finally:
        consumer.close()
    return records
