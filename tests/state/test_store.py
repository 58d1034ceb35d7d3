import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rocksdict import AccessType, Options, Rdict, WriteBatch

from hcdv_stream.state import (
    Identity,
    PartitionReader,
    PartitionStore,
    StateError,
    StateLocked,
    codec,
)
from hcdv_stream.state import store as store_module
from hcdv_stream.state.family import Families
from hcdv_stream.state.layout import LEAVES, META, key, number, options
from hcdv_stream.state.reading.snapshot import read_changes
from hcdv_stream.state.records import encode_header, encode_leaf
from hcdv_stream.valuation.config import EngineConfig
from tests.state import samples


def opened(directory, **changes):
    return PartitionStore.open(directory, identity=samples.IDENTITY, **changes)


def written(directory, updates, **changes):
    with opened(directory, **changes) as store:
        for update in range(1, updates + 1):
            store.write(samples.delta_of(update), samples.position_of(update))


def log_numbers(store):
    return [number(name) for name, _ in Families.of(store._database).log.items()]


def overwrite(directory, name, record, family=META):
    families = {each: options() for each in Rdict.list_cf(str(directory), Options(raw_mode=True))}
    database = Rdict(str(directory), options(), families)
    batch = WriteBatch(raw_mode=True)
    batch.put(name, record, database.get_column_family_handle(family))
    database.write(batch)
    database.close()


@pytest.mark.parametrize("sync", [False, True])
def test_what_was_written_is_loaded_after_a_reopening(tmp_path, sync):
    written(tmp_path / "sessions" / "0", 9, sync=sync)
    with opened(tmp_path / "sessions" / "0") as store:
        stored = store.load()
    assert stored.sequence == 9
    assert stored.position == samples.position_of(9)
    assert stored.position.lag == 7
    assert samples.contents(stored.state) == samples.contents(samples.state_after(9))


def test_a_new_state_is_empty(tmp_path):
    with opened(tmp_path) as store:
        assert store.load() is None


def test_writing_goes_on_where_it_stopped(tmp_path):
    written(tmp_path, 3)
    with opened(tmp_path) as store:
        store.write(samples.delta_of(4), samples.position_of(4))
        assert store.load().sequence == 4
        assert samples.contents(store.load().state) == samples.contents(samples.state_after(4))


def test_loading_twice_gives_the_same_and_keeps_no_lock(tmp_path):
    written(tmp_path, 2)
    store = opened(tmp_path)
    first, second = store.load(), store.load()
    assert samples.contents(first.state) == samples.contents(second.state)
    store.close()
    store.close()
    opened(tmp_path).close()


def test_the_log_keeps_the_last_writes(tmp_path):
    with opened(tmp_path, log_length=4) as store:
        for update in range(1, 11):
            store.write(samples.delta_of(update), samples.position_of(update))
        families = Families.of(store._database)
        assert log_numbers(store) == [7, 8, 9, 10]
        changes = read_changes(families, 6, 10)
        assert read_changes(families, 5, 10) is None
        del families
    assert [change.sequence for change in changes] == [7, 8, 9, 10]
    assert changes[-1].position == samples.position_of(10)
    assert changes[-1].updates == 10
    assert changes[-1].records == samples.header(10).records
    assert changes[-1].leaves == tuple(samples.delta_of(10).leaves)
    assert changes[-1].removed_leaves == samples.delta_of(10).removed_leaves


def test_a_log_that_was_longer_is_shortened(tmp_path):
    written(tmp_path, 10)
    with opened(tmp_path, log_length=3) as store:
        assert log_numbers(store) == [8, 9, 10]


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        (replace(samples.IDENTITY, bundle="ab"), f"bundle was {'0f' * 16!r} and is now 'ab'"),
        (replace(samples.IDENTITY, engine=EngineConfig(leaf_size=32)), "leaf_size was 64 and is"),
    ],
)
def test_a_state_computed_otherwise_is_refused_with_what_differs(tmp_path, identity, said):
    opened(tmp_path).close()
    with pytest.raises(StateError, match=re.escape(said)) as caught:
        PartitionStore.open(tmp_path, identity=identity)
    assert str(tmp_path) in str(caught.value)
    assert "set it back, or move the directory away" in str(caught.value)
    opened(tmp_path).close()  # the refusal left it unlocked and unharmed


def test_weights_do_not_make_a_routed_state_another_one(tmp_path):
    opened(tmp_path).close()
    read_otherwise = replace(samples.IDENTITY, engine=EngineConfig(contrast=0.7, permutations=9))
    PartitionStore.open(tmp_path, identity=read_otherwise).close()


def test_algorithm1_plays_with_its_weights(tmp_path):
    played = replace(samples.IDENTITY, engine=EngineConfig(game="algorithm1"))
    PartitionStore.open(tmp_path, identity=played).close()
    other = replace(played, engine=EngineConfig(game="algorithm1", contrast=0.7))
    with pytest.raises(StateError, match=r"contrast was 0\.05 and is now 0\.7"):
        PartitionStore.open(tmp_path, identity=other)


def test_an_identity_comes_back():
    assert Identity.parse(samples.IDENTITY.dump()) == samples.IDENTITY


def test_an_identity_of_another_version_is_refused(tmp_path):
    written(tmp_path, 1)
    overwrite(tmp_path, b"identity", samples.IDENTITY.dump().replace(b"bundle", b"bundel"))
    with pytest.raises(StateError, match="identity has other fields"):
        opened(tmp_path)


def test_two_owners_of_one_directory_cannot_be(tmp_path):
    with opened(tmp_path), pytest.raises(StateLocked, match="in use by another process: stop"):
        opened(tmp_path)


def test_another_process_owns_it(tmp_path):
    script = str(Path(samples.__file__))
    command = [sys.executable, script, str(tmp_path), "100000", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as owner:
        try:
            owner.stdout.readline()
            with pytest.raises(StateLocked, match="in use by another process"):
                opened(tmp_path)
        finally:
            owner.kill()


def test_a_directory_of_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StateError, match="holds other files: choose an empty state directory"):
        opened(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_state_directory(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(StateError, match="cannot be a state directory"):
        opened(tmp_path / "state" / "sessions")


def test_a_foreign_database_is_refused(tmp_path):
    with Rdict(str(tmp_path), Options(raw_mode=True)) as database:
        database[b"write"] = b"else"
    overwrite_family = {name: options() for name in ("meta",)}
    database = Rdict(str(tmp_path), options(), overwrite_family, AccessType.read_write())
    meta = database.get_column_family("meta")
    meta[b"write"] = key(3)
    del meta
    database.close()
    with pytest.raises(StateError, match="does not say whose state it is"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("name", "said"),
    [(b"header", "not written by hcdv-stream"), (b"position", "not written by hcdv-stream")],
)
def test_a_damaged_record_is_refused_with_the_directory(tmp_path, name, said):
    written(tmp_path, 2)
    overwrite(tmp_path, name, b"\x00torn")
    with (
        opened(tmp_path) as store,
        pytest.raises(StateError, match=f"{re.escape(str(tmp_path))}: .*{said}"),
    ):
        store.load()


def test_a_state_that_lacks_a_leaf_is_refused(tmp_path):
    written(tmp_path, 2)
    with opened(tmp_path) as store:
        batch = WriteBatch(raw_mode=True)
        batch.delete(key(3), store._handles[LEAVES])
        store._database.write(batch)
        with pytest.raises(StateError, match="not one update as a whole"):
            store.load()


def test_numbers_order_as_keys():
    numbers = [0, 1, 255, 256, 2**40]
    assert sorted(numbers, key=key) == numbers


def test_a_state_of_the_format_before_is_taken_over(tmp_path, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(codec, "FORMAT", 2)
        older.setattr(store_module, "encode_header", lambda header, _: encode_header(header))
        written(tmp_path, 7)
    with opened(tmp_path) as store:
        assert samples.contents(store.load().state) == samples.contents(samples.state_after(7))
        store.write(samples.delta_of(8), samples.position_of(8))
    overwrite(tmp_path, key(3), encode_leaf(samples.leaf(3, 2), 2), LEAVES)
    with opened(tmp_path) as store, pytest.raises(StateError, match="not one update as a whole"):
        store.load()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("node", "the sums of node 0 are not those of its children: move the directory away"),
        ("header", "the header counts 1089 examples and the leaves have 1088"),
        ("leaf", "leaf 3 counts 64 examples and has 63"),
    ],
)
def test_sums_that_do_not_agree_are_refused(tmp_path, change, said):
    delta = samples.delta_of(1)
    if change == "node":
        other = replace(delta.nodes[1], sketch=samples.nodes(2)[1].sketch)
        delta = replace(delta, nodes={**delta.nodes, 1: other})
    elif change == "header":
        delta = replace(delta, header=replace(delta.header, records=delta.header.records + 1))
    else:
        short = replace(samples.leaf(3, 1, 63), sketch=samples.leaf(3, 1).sketch)
        delta = replace(delta, leaves={**delta.leaves, 3: short})
    with opened(tmp_path) as store:
        store.write(delta, samples.position_of(1))
        with pytest.raises(StateError, match=re.escape(said)):
            store.load()
    with pytest.raises(StateError, match=re.escape(said)):
        PartitionReader(tmp_path).refresh()
