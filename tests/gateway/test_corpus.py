"""A truncated state never stands in for a whole one, and topics are not mixed."""

import asyncio
import shutil
from dataclasses import replace

import pytest

from hcdv_stream.state import LogIdentity
from tests.api.world import FOUR, TOPIC, Owner, app_of
from tests.gateway.conftest import ADDRESSES, Gateway

TRUNCATED = LogIdentity(FOUR.topic_id, FOUR.partitions, 120, complete=False)


@pytest.fixture
def over():
    """Gateways over two state directories."""
    made = []

    def gateway(left, right) -> Gateway:
        apps = dict(zip(ADDRESSES, (app_of(left), app_of(right)), strict=True))
        made.append(Gateway(apps))
        return made[-1]

    yield gateway
    for one in made:
        asyncio.run(one.source._client.aclose())


def truncated_two(directory, log=TRUNCATED):
    """Write a state of partition 2 that is further than that of the fixture."""
    owner = Owner(directory, 2, log=log)
    owner.offset = 10_000
    owner.apply(owner.batch(30, prefix="moved"))
    owner.store.close()


@pytest.mark.parametrize("swapped", [False, True])
def test_a_whole_state_goes_before_a_truncated_one_that_is_further(
    over, directories, tmp_path, swapped
):
    truncated_two(tmp_path)
    pair = (tmp_path, directories[1]) if swapped else (directories[1], tmp_path)
    summary = over(*pair).get("/v1/summary").json()
    assert summary["as_of"]["offsets"]["2"] < 10_000
    assert summary["as_of"]["corpus"]["complete"] is True


def test_a_truncated_state_that_is_all_there_is_is_said_and_not_paid_by(
    over, directories, tmp_path
):
    shutil.copytree(directories[1] / TOPIC / "0", tmp_path / "left" / TOPIC / "0")
    truncated_two(tmp_path / "right")
    gateway = over(tmp_path / "left", tmp_path / "right")
    answer = gateway.get("/v1/summary")
    assert answer.headers["HCDV-Truncated-Partitions"] == "2"
    assert answer.json()["as_of"]["corpus"] == {
        "complete": False,
        "begins_at": {"0": 0, "2": 120},
    }
    assert gateway.get("/v1/payouts?amount=5").status_code == 409
    assert "hcdv_api_truncated_partitions 1.0" in gateway.get("/metrics").text


@pytest.mark.parametrize("log", [replace(FOUR, topic_id="anew"), replace(FOUR, partitions=8)])
def test_states_of_different_topics_of_one_name_are_not_merged(over, directories, tmp_path, log):
    truncated_two(tmp_path, log)
    gateway = over(directories[1], tmp_path)
    summary = gateway.get("/v1/summary").json()
    assert summary["as_of"]["offsets"]["2"] < 10_000
    assert [part["partition"] for part in summary["partitions"]] == [0, 2]
    assert "of another topic of the same name" in gateway.get("/readyz?verbose").text


def test_a_state_that_does_not_say_its_topic_is_no_evidence(over, directories, tmp_path):
    truncated_two(tmp_path, None)
    assert over(directories[1], tmp_path).get("/v1/summary").status_code == 200
