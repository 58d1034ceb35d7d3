"""Deleted examples leave the files of a state."""

import threading
import time

import numpy as np
import pytest
from rocksdict import WriteBatch

from hcdv_stream.state import PartitionStore, StateError, erasure
from hcdv_stream.state.layout import META
from hcdv_stream.valuation.batch import Batch
from tests.api.world import DIMENSIONS, Owner
from tests.valuation.worlds import batch_of

SECRET = "an-id-that-nobody-else-has"


def files_with(directory, needle):
    """The files under a directory that hold some bytes."""
    paths = [path for path in directory.rglob("*") if path.is_file()]
    return [path.name for path in paths if needle in path.read_bytes()]


def secret_batch(seed=1):
    one = batch_of(1, 3, DIMENSIONS, np.random.default_rng(seed))
    return Batch([SECRET], one.labels, ["secret-provider"], one.timestamps, one.embeddings)


@pytest.fixture
def owner(tmp_path):
    owner = Owner(tmp_path, 0)
    owner.store.load()
    yield owner
    owner.store.close()


def delete_secret(owner):
    """Write the example, flush it into a table, and delete it; return its embedding's bytes."""
    batch = secret_batch()
    owner.apply(owner.batch(60), written_at=1.0)
    owner.apply(batch, written_at=2.0)
    owner.store.begin_erasure()  # which flushes
    owner.apply(owner.batch(10, prefix="later"), written_at=3.0)
    assert owner.store.erasure_due_since is None
    owner.apply(Batch.of_deletions([SECRET], DIMENSIONS), written_at=4.0)
    return batch.embeddings.tobytes()


def erase(store):
    assert store.erase(store.begin_erasure())
    store.end_erasure()


def test_nothing_of_it_is_left(owner):
    embedding = delete_secret(owner)
    assert files_with(owner.directory, SECRET.encode())
    assert files_with(owner.directory, embedding)
    assert owner.store.erasure_due_since == 4.0
    erase(owner.store)
    assert owner.store.erasure_due_since is None
    for needle in (SECRET.encode(), embedding):
        assert files_with(owner.directory, needle) == []


def test_nothing_of_it_is_left_where_a_family_is_compacted_in_steps(owner, monkeypatch):
    monkeypatch.setattr(erasure, "_STEP_BYTES", 200)
    embedding = delete_secret(owner)
    for name in ("leaves", "log"):
        assert len(owner.store._erasure._steps(name)) > 2
    erase(owner.store)
    for needle in (SECRET.encode(), embedding):
        assert files_with(owner.directory, needle) == []


def test_the_files_that_hold_it_are_those_that_must_go(owner, monkeypatch):
    delete_secret(owner)
    before = set(files_with(owner.directory, SECRET.encode()))
    files = owner.store.begin_erasure()
    assert before & files
    assert {name for name in before - files if (owner.directory / name).exists()} == set()
    # One that stays is not passed over.
    (owner.directory / "left.sst").write_text(SECRET)
    monkeypatch.setattr(erasure, "_REMOVAL_SECONDS", 0.2)
    with pytest.raises(StateError, match=r"left\.sst still holds deleted examples"):
        owner.store.erase(frozenset({"left.sst"}))
    assert owner.store.erasure_due_since == 4.0


def test_it_stays_due_for_the_successor(owner):
    embedding = delete_secret(owner)
    owner.apply(owner.batch(10, prefix="more"), written_at=5.0)
    owner.store.close()
    with PartitionStore.open(owner.directory, identity=owner.identity) as store:
        assert store.load() is not None
        assert store.erasure_due_since == 4.0
        erase(store)
        assert files_with(owner.directory, embedding) == []
    with PartitionStore.open(owner.directory, identity=owner.identity) as store:
        store.load()
        assert store.erasure_due_since is None


def test_deletions_are_due_in_a_state_that_says_nothing_of_erasures(owner):
    embedding = delete_secret(owner)
    batch = WriteBatch(raw_mode=True)
    batch.delete(erasure.ERASURE_KEY, owner.store._handles[META])
    owner.store._database.write(batch)
    owner.store.close()
    with PartitionStore.open(owner.directory, identity=owner.identity) as store:
        store.load()
        assert store.erasure_due_since == 4.0  # when it was written last
        erase(store)
        assert files_with(owner.directory, embedding) == []
        assert store.erasure_due_since is None


def test_a_deletion_during_an_erasure_is_due_afterwards(owner):
    delete_secret(owner)
    files = owner.store.begin_erasure()
    owner.apply(Batch.of_deletions(["p0s00003"], DIMENSIONS), written_at=9.0)
    assert owner.store.erase(files)
    owner.store.end_erasure()
    assert owner.store.erasure_due_since == 9.0
    assert files_with(owner.directory, SECRET.encode()) == []


def test_closing_interrupts_it(owner):
    delete_secret(owner)
    for step in range(200):
        owner.apply(owner.batch(40, prefix=f"x{step % 20}-"))
    files = owner.store.begin_erasure()
    results = []
    thread = threading.Thread(target=lambda: results.append(owner.store.erase(files)))
    thread.start()
    begin = time.monotonic()
    owner.store.close()
    thread.join()
    assert time.monotonic() - begin < 10
    assert len(results) == 1


def test_the_founder_of_a_leaf_is_not_left_as_its_centroid(owner):
    owner.apply(owner.batch(60), written_at=1.0)
    before = set(owner.engine.state().leaves)
    generator = np.random.default_rng(0)
    for _attempt in range(1000):  # until one founds a leaf
        batch = secret_batch(int(generator.integers(1 << 30)))
        owner.apply(batch)
        if set(owner.engine.state().leaves) - before:
            break
        before = set(owner.engine.state().leaves)
    else:
        pytest.fail("no leaf was founded")
    owner.apply(Batch.of_deletions([SECRET], DIMENSIONS))
    embedding = batch.embeddings[0].tobytes()
    leaves = owner.engine.state().leaves.values()
    assert all(leaf.centroid.tobytes() != embedding for leaf in leaves)
    erase(owner.store)
    assert files_with(owner.directory, embedding) == []
