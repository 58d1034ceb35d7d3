"""Publishing while the broker is gone: survived up to a time, and then one sentence."""

import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from tests.conftest import KAFKA_SCRIPT, new_topic
from tests.restartable_kafka import Kafka
from tests.worker.harness import consume_all, until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(not KAFKA_SCRIPT, reason="the embedded broker loses its log"),
]


def arrived(kafka: Kafka, topic: str) -> Counter[bytes]:
    return Counter(record.key for record in consume_all(kafka.bootstrap, topic))


def wait_for_the_first(kafka: Kafka, topic: str) -> None:
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, 0)])
    until(lambda: consumer.poll(100), 60)
    consumer.close()


def test_an_outage_longer_than_the_client_s_first_tries_is_survived(kafka: Kafka, tmp_path: Path):
    topic = new_topic(kafka.bootstrap, 2)
    command = [sys.executable, "-m", "hcdv_stream", "simulate", "clickstream", "--days", "1"]
    command += ["--sessions-per-day", "2000", "--rate", "50"]
    command += ["--bootstrap", kafka.bootstrap, "--topic", topic]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as sending:
        wait_for_the_first(kafka, topic)
        kafka.end(signal.SIGKILL)
        time.sleep(32)  # the outage itself; before, messages were given up after 30 s
        kafka.start()
        said = sending.communicate(timeout=120)[1]
    assert sending.returncode == 0, said
    assert "Traceback" not in said
    assert f"2,000 sessions sent to '{topic}'" in said
    keys = arrived(kafka, topic)
    assert len(keys) == 2000
    assert set(keys.values()) == {1}


# In a process of its own, since the client leaks the sockets of its tries to connect.
SHORT_OF_PATIENCE = """
import signal, sys, os
from hcdv_stream.simulators.messages import Message
from hcdv_stream.simulators.publishing import Publisher, PublishError

bootstrap, topic = sys.argv[1:]
said = []
try:
    with Publisher(bootstrap, topic, 8.0, said.append) as publisher:
        for number in range(100):
            publisher.send(Message(b"a%d" % number, b"{}"))
        publisher.flush()
        assert publisher.acknowledged == 100
        print("flushed", flush=True)
        sys.stdin.readline()
        for number in range(50):
            publisher.send(Message(b"b%d" % number, b"{}"))
except PublishError as error:
    print("SENTENCE", error)
    print("SAID", *said)
"""


def test_after_the_stated_time_one_sentence_says_how_many_arrived(kafka: Kafka):
    topic = new_topic(kafka.bootstrap, 1)
    command = [sys.executable, "-c", SHORT_OF_PATIENCE, kafka.bootstrap, topic]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as sending:
        assert sending.stdout is not None
        assert sending.stdout.readline() == "flushed\n"
        kafka.end(signal.SIGKILL)
        said, complained = sending.communicate("go on\n", timeout=60)
    assert sending.returncode == 0, complained
    assert not complained
    sentence, waited = said.splitlines()
    assert re.match(
        rf"SENTENCE 100 of 150 sessions that were sent to '{topic}' are acknowledged", sentence
    )
    assert "did not take them within 8 s" in sentence
    assert waited == (
        f"SAID the broker at {kafka.bootstrap} does not answer: waiting for it, 8 s at most"
    )
    kafka.start()
    keys = arrived(kafka, topic)
    assert set(keys.values()) == {1}
    assert {b"a%d" % number for number in range(100)} <= set(keys)


def test_ctrl_c_in_an_outage_ends_soon(kafka: Kafka):
    topic = new_topic(kafka.bootstrap, 1)
    command = [sys.executable, "-m", "hcdv_stream", "simulate", "clickstream", "--days", "1"]
    command += ["--sessions-per-day", "2000", "--rate", "50"]
    command += ["--bootstrap", kafka.bootstrap, "--topic", topic]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as sending:
        wait_for_the_first(kafka, topic)
        kafka.end(signal.SIGKILL)
        time.sleep(2)  # some are on their way now
        sending.send_signal(signal.SIGINT)
        said = sending.communicate(timeout=60)[1]
    assert sending.returncode != 0
    assert "Traceback" not in said
    assert re.search(r"[\d,]+ of [\d,]+ sessions that were sent", " ".join(said.split()))
