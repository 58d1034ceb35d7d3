"""Kills, broker faults and full disks in one trial: nothing lost, nothing doubled, the same bytes.

Few of each by default; ``--kills 400 --broker-kills 10 --outage 60 --resets 100 --half-open 40`` is
the long endurance, which ``hcdv-stream experiment endurance`` runs too.
"""

import os
from itertools import count
from pathlib import Path

import pytest

from hcdv_stream.experiments.endurance import run as endurance
from hcdv_stream.experiments.endurance.plan import Plan
from hcdv_stream.simulators.messages import Message
from tests.worker.harness import session

KAFKA_SCRIPT = os.environ.get("HCDV_TEST_KAFKA", "")

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
]


@pytest.mark.skipif(not KAFKA_SCRIPT, reason="HCDV_TEST_KAFKA names no Kafka that can be killed")
def test_every_fault_and_still_the_same_bytes(
    tmp_path: Path, bundle_directory: Path, pytestconfig: pytest.Config
) -> None:
    option = pytestconfig.getoption
    plan = Plan(
        kills=option("kills"),
        broker_kills=option("broker_kills"),
        outage_seconds=option("outage"),
        resets=option("resets"),
        half_open_seconds=option("half_open"),
        delay_seconds=1.0,
        full_disks=1,
        workers=2,
        partitions=1,
        rate=40.0,
        first=200,
    )
    stream = (Message(*session(number)) for number in count())
    found = endurance.trial(plan, Path(KAFKA_SCRIPT), tmp_path, bundle_directory, stream)
    faults, states = found["faults"], found["states"]
    assert faults["worker kills"]["kills"] == plan.kills
    assert faults["resets"]["connections"] >= plan.resets
    assert faults["half-open"]["connections"] > 0
    assert faults["full disks"]["ended_by_themselves"] == 1
    (said,) = faults["full disks"]["said"]
    assert said.startswith("status 1: ")
    assert "Traceback" not in said
    assert states["records"] >= found["acknowledged"] > plan.first
    assert states["examples"] > 0
    assert states["letters"] > 0
    assert states["partitions"] == 2
    wrong = ("lost", "doubled", "wrong_offsets", "partitions_that_differ", "letters_missing")
    assert {name: states[name] for name in wrong} == dict.fromkeys(wrong, 0)
    assert states["stopped_with"] == [0]
    assert [len(table.rows) for table in endurance.tables(found)] == [7, 9]
