"""What an example was worth: read from the states that are kept, and no further back than these."""

import gc
import itertools
import tracemalloc

import numpy as np
import pytest

from hcdv_stream.api.views.kept_views import KeptViews
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.view import StateView
from hcdv_stream.state import Identity, PartitionReader, PartitionStore, Position
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.weights import Weights
from tests.api.world import DIMENSIONS, Client, Owner, app_of, expected
from tests.valuation.worlds import batch_of, seed_of, validation_of


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
    assert [entry["examples"] for entry in history] == [40 + 30 * step for step in range(6)]
    assert [entry["offset"] for entry in history] == [40 + 30 * step for step in range(6)]
    assert answer["reach"] == 100.0
    now = client.get("/v1/examples/p0s00007", params=asked).json()
    assert (history[-1]["value"], history[-1]["leaf"]) == (now["value"], now["leaf"])
    late = client.get("/v1/history/p0n400001", params=asked).json()
    assert [entry["written_at"] for entry in late["history"]] == [108.0, 110.0]
    assert late["reach"] == 100.0


def test_an_example_that_there_is_not(tmp_path, owner):
    owner.apply(owner.batch(5))
    answer = Client(app_of(tmp_path)).get("/v1/history/nobody")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:hcdv-stream:problem:unknown-example"


def views(owner, times):
    """One view for each time, a few examples apart."""
    reader = PartitionReader(owner.directory)
    for moment in times:
        owner.apply(owner.batch(8, prefix=f"t{moment}-"), written_at=moment)
        reader.refresh()
        yield StateView([PartitionView.of(0, reader.identity, reader.stored)])


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
    most = 400_000
    kept = KeptViews(1, 50, most)
    every = list(views(owner, [float(2 * step) for step in range(20)]))
    for view in every:
        kept.record(view)
        assert kept.held_bytes <= most
    past = kept.history()
    assert past[-1] is every[-1]
    own = sum(one.beside(other) for one, other in itertools.pairwise(past))
    assert own <= most
    assert 2 < len(past) < 20


def test_what_was_computed_for_answers_counts_too(owner):
    """Views that were answered from keep values besides what they are made of."""
    kept = KeptViews(50, 50, 1 << 40)
    for view in views(owner, [float(2 * step) for step in range(6)]):
        kept.record(view)
        kept.keep(view)
    before, past = kept.held_bytes, kept.history()[:-1]
    for view in past:
        view.valued(Weights(), None).values()
    computed = sum(view.valued(Weights(), None).held_bytes for view in past)
    assert computed > 500
    assert kept.held_bytes >= before + computed


WIDE, LABELS = 256, 40


def wide_views(tmp_path, count, seconds=2.0):
    """Views whose leaves and nodes are large: many dimensions, many classes."""
    generator = np.random.default_rng(0)
    names = tuple(f"class {number}" for number in range(LABELS))
    config = EngineConfig(leaf_size=16, tau=0.9, update_size=20, branching=(3, 6))
    validation = validation_of(80, LABELS, WIDE)
    trusted = tuple(validation.counts(LABELS).tolist())
    identity = Identity("sessions", 0, "ab" * 16, names, trusted, config)
    engine = Engine.from_seed(config, LABELS, validation, seed_of(config, LABELS, WIDE))
    with PartitionStore.open(tmp_path / "wide", identity=identity) as store:
        reader, view = PartitionReader(tmp_path / "wide"), None
        for step in range(count):
            batch = batch_of(20, LABELS, WIDE, generator, prefix=f"b{step % 4}-")
            moment = seconds * step
            store.write(engine.apply(batch), Position(20 * step + 20, 0, moment, moment, moment))
            reader.refresh()
            before = view
            view = (
                PartitionView.of(0, identity, reader.stored)
                if before is None
                else before.onwards(reader.stored, reader.changes)
            )
            yield StateView([view])


def memory_of_the_past(tmp_path, kept, *, answered):
    """Bytes that are given back once the past is let go of."""
    tracemalloc.start()
    for view in wide_views(tmp_path, 16):
        kept.record(view)
        if answered:
            kept.keep(view)
            view.valued(Weights(), None).values()
            view.valued(Weights("accuracy"), None).errors()
    newest = kept.history()[-1]
    gc.collect()
    full, _ = tracemalloc.get_traced_memory()
    del view
    said = kept.held_bytes
    kept._entries.clear()
    kept._answered.clear()
    gc.collect()
    bare, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert newest.size
    return full - bare, said


@pytest.mark.parametrize("answered", [False, True])
def test_what_is_counted_is_what_memory_is_really_held(tmp_path, answered):
    real, said = memory_of_the_past(tmp_path, KeptViews(16, 32, 1 << 40), answered=answered)
    assert real > 10 << 20
    assert said == pytest.approx(real, rel=0.1)


@pytest.mark.parametrize("answered", [False, True])
def test_large_leaves_and_nodes_do_not_go_over_the_bound(tmp_path, answered):
    most = 4 << 20
    real, said = memory_of_the_past(tmp_path, KeptViews(16, 32, most), answered=answered)
    assert said <= most
    assert real <= 1.1 * most


def test_a_list_can_be_gone_on_from_while_it_fits(owner):
    kept = KeptViews(2, 4, 1 << 30)
    every = list(views(owner, [0.1 * step for step in range(6)]))
    kept.record(every[0])
    kept.keep(every[0])
    for view in every[1:]:
        kept.record(view)
    assert kept.get(every[0].key) is every[0]
    assert kept.get(every[1].key) is None


def test_after_a_deletion_older_views_are_dropped_in_time(owner):
    now = [0.0]
    kept = KeptViews(4, 8, 1 << 30, erasure_seconds=60.0, clock=lambda: now[0])
    every = list(views(owner, [0.0, 2.0, 4.0]))
    for view in every:
        kept.record(view)
        kept.keep(view)
    assert not kept.erase()
    name = every[0].partitions[0].corpus.ids[0]
    owner.apply(Batch.of_deletions([name], DIMENSIONS), written_at=6.0)
    reader = PartitionReader(owner.directory)
    reader.refresh()
    without = StateView([PartitionView.of(0, reader.identity, reader.stored)])
    now[0] = 10.0
    kept.record(without)
    now[0] = 69.0
    assert not kept.erase()
    assert kept.get(every[0].key) is every[0]
    now[0] = 70.0
    assert kept.erase()
    assert kept.history() == [without]
    assert all(kept.get(view.key) is None for view in every)
    assert not kept.erase()
