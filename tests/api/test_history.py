"""What a point was worth: read from the states that are kept, and no further back than these."""

import itertools

import pytest

from hcdv_stream.api.kept import KeptViews
from hcdv_stream.api.partition_view import PartitionView
from hcdv_stream.api.view import View
from hcdv_stream.state import PartitionReader
from hcdv_stream.valuation.weights import Weights
from tests.api.world import Client, Owner, app_of, expected


@pytest.fixture
def owner(tmp_path):
    owner = Owner(tmp_path, 0)
    yield owner
    owner.store.close()


def test_a_value_through_the_updates(tmp_path, owner):
    owner.apply(owner.batch(40), written_at=100.0)
    app = app_of(tmp_path)
    client = Client(app)
    weights = Weights("accuracy", 0.2, 0.3)
    wanted = [expected([owner], weights)["p0s00007"]]
    for step in range(1, 6):
        owner.apply(owner.batch(30, prefix=f"n{step}"), written_at=100.0 + 2 * step)
        app.state.refresher.look()
        wanted.append(expected([owner], weights)["p0s00007"])
    asked = {"utility": "accuracy", "beta": 0.2, "lambda": 0.3}
    answer = client.get("/v1/history/p0s00007", params=asked).json()
    history = answer["history"]
    assert [(entry["value"], entry["stderr"]) for entry in history] == wanted
    assert [entry["written_at"] for entry in history] == [100.0 + 2 * step for step in range(6)]
    assert [entry["points"] for entry in history] == [40 + 30 * step for step in range(6)]
    assert [entry["offset"] for entry in history] == [40 + 30 * step for step in range(6)]
    assert answer["reach"] == 100.0
    now = client.get("/v1/points/p0s00007", params=asked).json()
    assert (history[-1]["value"], history[-1]["leaf"]) == (now["value"], now["leaf"])
    late = client.get("/v1/history/p0n400001", params=asked).json()
    assert [entry["written_at"] for entry in late["history"]] == [108.0, 110.0]
    assert late["reach"] == 100.0


def test_a_point_that_there_is_not(tmp_path, owner):
    owner.apply(owner.batch(5))
    answer = Client(app_of(tmp_path)).get("/v1/history/nobody")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:hcdv-stream:problem:unknown-point"


def views(owner, times):
    """One view for each time, a few points apart."""
    reader = PartitionReader(owner.directory)
    for moment in times:
        owner.apply(owner.batch(8, prefix=f"t{moment}-"), written_at=moment)
        reader.refresh()
        yield View([PartitionView.of(0, reader.identity, reader.stored)])


def test_the_past_is_dense_near_now_and_sparse_before(owner):
    kept = KeptViews(1, 8, 1 << 30)
    for view in views(owner, [float(2 * step) for step in range(60)]):
        kept.record(view)
    times = [view.written_at for view in kept.history()]
    assert len(times) == 9  # and the newest
    assert times[0] == 0.0
    assert times[-1] == 118.0
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps[0] > 4 * gaps[-1]


def test_states_within_a_second_are_one_in_the_past(owner):
    kept = KeptViews(1, 8, 1 << 30)
    for view in views(owner, [0.0, 0.2, 0.4, 0.6, 1.1, 1.3]):
        kept.record(view)
    assert [view.written_at for view in kept.history()] == [0.0, 1.1, 1.3]


def test_the_past_takes_no_more_memory_than_it_may(owner):
    kept = KeptViews(1, 50, 60_000)
    every = list(views(owner, [float(2 * step) for step in range(20)]))
    for view in every:
        kept.record(view)
    past = kept.history()
    assert past[-1] is every[-1]
    own = sum(one.beside(other) for one, other in itertools.pairwise(past))
    assert own <= 60_000 + past[-2].beside(past[-1])
    assert 2 < len(past) < 20
