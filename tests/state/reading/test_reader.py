import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rocksdict import Rdict

from hcdv_stream.state import PartitionReader, PartitionStore, StateError
from hcdv_stream.state.layout import FAMILIES, options
from hcdv_stream.state.reading.secondary import Secondary
from tests.state import samples

LOOK_SECONDS = 0.05


def owner(directory, updates, pause):
    command = [sys.executable, str(Path(samples.__file__)), str(directory), str(updates), pause]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def write(store, first, last):
    for update in range(first, last + 1):
        store.write(samples.delta_of(update), samples.position_of(update))


@pytest.fixture
def store(tmp_path):
    with PartitionStore.open(tmp_path / "0", identity=samples.IDENTITY, log_length=20) as opened:
        yield opened


def test_before_the_first_update_there_is_nothing(tmp_path):
    reader = PartitionReader(tmp_path / "0")
    assert not reader.refresh()
    assert not (tmp_path / "0").exists()
    store = PartitionStore.open(tmp_path / "0", identity=samples.IDENTITY)
    assert not reader.refresh()
    assert reader.stored is None
    assert reader.identity == samples.IDENTITY
    store.close()


def test_neither_reader_nor_owner_keeps_blocks_that_were_read(store, tmp_path):
    """Records are kept decoded; blocks would stay after the files that they are of are gone."""
    reader = PartitionReader(tmp_path / "0")
    owned = [store._database.get_column_family(name) for name in FAMILIES]
    for update in range(1, 6):
        write(store, update, update)
        for family in owned:
            family.flush()
        assert reader.refresh()
    read = [reader._secondary._database.get_column_family(name) for name in FAMILIES]
    assert all(family.property_int_value("rocksdb.total-sst-files-size") for family in read[:3])
    for family in owned + read:
        assert not family.property_int_value("rocksdb.block-cache-usage")
        assert not family.property_int_value("rocksdb.block-cache-capacity")
    del family, read  # they keep the database open
    reader.close()


def test_a_reader_follows_its_owner(store, tmp_path):
    reader = PartitionReader(tmp_path / "0")
    for update in (1, 2, 3):
        write(store, update, update)
        assert reader.refresh()
        assert not reader.refresh()
        assert reader.stored.sequence == update
        assert reader.stored.position == samples.position_of(update)
        assert samples.contents(reader.stored.state) == samples.contents(
            samples.state_after(update)
        )
    assert [change.sequence for change in reader.changes] == [3]


def test_only_leaves_that_changed_are_decoded_anew(store, tmp_path):
    write(store, 1, 1)
    reader = PartitionReader(tmp_path / "0")
    reader.refresh()
    first = reader.stored.state
    write(store, 2, 3)
    assert reader.refresh()
    changed = {leaf for change in reader.changes for leaf in change.leaves}
    kept = first.leaves.keys() & reader.stored.state.leaves.keys() - changed
    assert kept
    assert all(
        reader.stored.state.leaves[leaf].examples is first.leaves[leaf].examples for leaf in kept
    )
    moved = {leaf for change in reader.changes for leaf in change.centroids}
    assert moved & kept, "centroids move without their leaves"
    assert samples.contents(first) == samples.contents(samples.state_after(1))


def test_a_reader_that_missed_more_than_the_log_reads_everything(store, tmp_path):
    write(store, 1, 1)
    reader = PartitionReader(tmp_path / "0")
    reader.refresh()
    write(store, 2, 40)
    assert reader.refresh()
    assert reader.changes is None
    assert samples.contents(reader.stored.state) == samples.contents(samples.state_after(40))


def test_a_reader_notices_that_the_state_was_built_anew(tmp_path):
    reader = PartitionReader(tmp_path)
    for last in (9, 4, 9):  # also back, and to the same number again
        with PartitionStore.open(tmp_path, identity=samples.IDENTITY) as store:
            write(store, 1, last)
        assert reader.refresh()
        assert reader.changes is None
        assert samples.contents(reader.stored.state) == samples.contents(samples.state_after(last))
        shutil.rmtree(tmp_path)
        assert not reader.refresh()  # a partition that moved away keeps its last answer


def test_a_reader_changes_nothing(store, tmp_path):
    def files():
        return {path: path.read_bytes() for path in (tmp_path / "0").rglob("*")}

    write(store, 1, 30)
    before = files()
    assert PartitionReader(tmp_path / "0").refresh()
    assert files() == before


def test_an_unreadable_state_says_so_and_keeps_the_last(store, tmp_path):
    write(store, 1, 2)
    reader = PartitionReader(tmp_path / "0")
    reader.refresh()
    (tmp_path / "0" / "CURRENT").write_text("MANIFEST-999999\n")
    with pytest.raises(StateError, match="cannot be read now"):
        reader.refresh()
    assert reader.stored.sequence == 2


def test_beside_a_writing_owner_every_look_is_one_update_as_a_whole(tmp_path):
    reader = PartitionReader(tmp_path)
    seen, manifests = [], set()
    with owner(tmp_path, 500, "0.001") as writing:
        while writing.poll() is None:
            if reader.refresh():
                seen.append(reader.stored.sequence)
                expected = samples.state_after(reader.stored.sequence)
                assert samples.contents(reader.stored.state) == samples.contents(expected)
                assert reader.stored.position.next_offset == reader.stored.sequence * 150
            manifests.add(sum(1 for _ in tmp_path.glob("*.sst")))
    assert len(seen) > 10
    assert seen == sorted(set(seen))
    assert len(manifests) > 2, "the owner flushed and compacted underneath"


def test_an_update_is_seen_within_a_quarter_of_a_second(tmp_path):
    reader, seen = PartitionReader(tmp_path), []
    with owner(tmp_path, 40, "0.03") as writing:
        while writing.poll() is None or reader.refresh():
            reader.refresh()
            seen.append((reader.stored.sequence if reader.stored else 0, time.time()))
            time.sleep(LOOK_SECONDS)
        durable = [line.split() for line in writing.stdout]
    ages = [
        next(when for sequence, when in seen if sequence >= int(update)) - float(time_durable)
        for update, time_durable in durable
    ]
    assert len(ages) == 40
    assert np.quantile(ages, 0.95) <= 0.25  # a busy machine may hold up a single look


def test_a_reader_notices_that_its_owner_went_back_and_on_another_way(tmp_path):
    live, before = tmp_path / "0", tmp_path / "before"
    with PartitionStore.open(live, identity=samples.IDENTITY) as store:
        write(store, 1, 5)
        shutil.copytree(live, before)
        write(store, 6, 10)
        reader = PartitionReader(live)
        assert reader.refresh()
        assert reader.stored.sequence == 10
    # Its write-ahead log was damaged after the fifth write: it goes on there, in other polls.
    shutil.rmtree(live)
    shutil.copytree(before, live)
    with PartitionStore.open(live, identity=samples.IDENTITY) as store:
        for update in range(6, 13):
            delta = replace(samples.delta_of(update), centroids={})
            store.write(delta, samples.position_of(update, written_at=1.0))
        expected = samples.contents(store.load().state)
        assert expected != samples.contents(samples.state_after(12))
        assert reader.refresh()
        assert reader.changes is None
        assert samples.contents(reader.stored.state) == expected


def test_what_cannot_be_read_is_not_opened_again_and_again(store, tmp_path, monkeypatch):
    write(store, 1, 2)
    (tmp_path / "0" / "CURRENT").write_text("MANIFEST-999999\n")
    looks, look = [], PartitionReader._look
    monkeypatch.setattr(PartitionReader, "_look", lambda *given: looks.append(1) or look(*given))
    reader = PartitionReader(tmp_path / "0")
    with pytest.raises(StateError) as first:
        reader.refresh()
    tried = len(looks)
    assert tried > 0
    with pytest.raises(StateError) as second:
        reader.refresh()
    assert (len(looks), str(second.value)) == (tried, str(first.value))
    manifest = next((tmp_path / "0").glob("MANIFEST-*")).name
    (tmp_path / "0" / "CURRENT").write_text(f"{manifest}\n")
    assert reader.refresh(), "what was written is looked at at once"
    assert reader.stored.sequence == 2


def test_a_current_file_that_is_no_text_is_refused(store, tmp_path):
    write(store, 1, 2)
    (tmp_path / "0" / "CURRENT").write_bytes(b"MANIFEST-00\xb0005\n")
    with pytest.raises(StateError, match="cannot be read now because"):
        PartitionReader(tmp_path / "0").refresh()


def test_what_a_secondary_missed_without_a_word_is_found_once_the_owner_is_quiet(
    store, tmp_path, monkeypatch
):
    write(store, 1, 2)
    reader = PartitionReader(tmp_path / "0")
    assert reader.refresh()
    monkeypatch.setattr(Secondary, "catch_up", lambda _: None)
    write(store, 3, 3)
    assert not reader.refresh()
    assert reader.stored.sequence == 2
    deadline = time.monotonic() + 20.0
    while not reader.refresh():
        assert time.monotonic() < deadline
        time.sleep(LOOK_SECONDS)
    assert reader.stored.sequence == 3
    opened, open_anew = [], Secondary.__init__
    monkeypatch.setattr(Secondary, "__init__", lambda *given: opened.append(1) or open_anew(*given))
    end = time.monotonic() + 3.0
    while time.monotonic() < end:
        assert not reader.refresh()
        time.sleep(LOOK_SECONDS)
    assert not opened, "a quiet state is opened once, not again and again"


def test_a_state_that_is_just_being_made_is_not_there_yet(tmp_path):
    Rdict(str(tmp_path), options()).close()  # its families come one by one
    reader = PartitionReader(tmp_path)
    assert not reader.refresh()
    with PartitionStore.open(tmp_path, identity=samples.IDENTITY) as store:
        write(store, 1, 1)
        assert reader.refresh()
        assert reader.stored.sequence == 1
