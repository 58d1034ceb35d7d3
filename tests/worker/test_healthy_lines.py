"""A healthy worker logs no errors, whatever the group does."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from tests.worker.conftest import Workers
from tests.worker.harness import WorkerProcess, produce, session, until

pytestmark = [pytest.mark.broker, pytest.mark.slow]

# Faust's check of stuck partitions counts from the start of the process, five minutes at least.
STARTED_LONG_AGO = """
import sys
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread as Thread

start = Thread.on_start

async def started_long_ago(self):
    await start(self)
    self.time_started -= 3600

Thread.on_start = started_long_ago
from hcdv_stream.cli.main import run
sys.argv = ["hcdv-stream", "worker"]
run()
"""


def complaints(worker: WorkerProcess) -> Sequence[Mapping[str, Any]]:
    """What Faust and its services logged as an error or a warning."""
    lines = [orjson.loads(line) for line in worker.output.splitlines() if line.startswith("{")]
    return [
        line
        for line in lines
        if line["level"] in {"ERROR", "WARNING"} and line["logger"].startswith(("faust", "mode"))
    ]


def test_partitions_that_change_hands_under_load_are_no_errors(
    bootstrap: str, wide_topic: str, workers: Workers
):
    program = ("-c", STARTED_LONG_AGO)
    first = workers.start(wide_topic, state="one", program=program)
    first.wait_for("partition owned")
    produce(bootstrap, wide_topic, [session(number) for number in range(12_000)])
    until(lambda: first.metric("hcdv_records_total") > 3000, 60)
    # The other has no state: it does from the beginning what it is given.
    second = workers.start(wide_topic, state="two", program=program)
    second.wait_for("partition owned", 60)

    def done() -> bool:
        lag = [worker.metric("hcdv_consumer_lag_records") for worker in (first, second)]
        records = second.metric("hcdv_records_total")
        return not any(lag) and records > 0

    until(done, 120)
    second.stop()
    until(lambda: first.metric("hcdv_assigned_partitions") == 4, 60)
    produce(bootstrap, wide_topic, [session(number) for number in range(12_000, 12_100)])
    until(lambda: first.metric("hcdv_consumer_lag_records") == 0, 60)
    first.stop()
    assert not complaints(first)
    assert not complaints(second)
