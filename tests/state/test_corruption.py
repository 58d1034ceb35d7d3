"""A state with one file damaged is refused in a sentence, or is an update that really existed."""

import random
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from rocksdict import WriteBatch

from hcdv_stream.state import PartitionReader, PartitionStore, StateError
from hcdv_stream.state.family import Families
from hcdv_stream.state.layout import CENTROIDS, FAMILIES, LEAVES, LOG, META, NODES, key
from hcdv_stream.state.records import (
    encode_centroid,
    encode_header,
    encode_leaf,
    encode_node,
    encode_position,
)
from hcdv_stream.state.verification import verify_partition
from tests.api.world import VALIDATION
from tests.state import samples

UPDATES = 40


def flush(store: PartitionStore) -> None:
    """Flush all families, as happens by itself when buffers are full."""
    for family in FAMILIES:
        store._database.get_column_family(family).flush()


def prepare(directory: Path, live: Path, log_length: int) -> None:
    """Make a state as a killed owner leaves it: files of every family and a write-ahead log."""
    with PartitionStore.open(live, identity=samples.IDENTITY, log_length=log_length) as store:
        for update in range(1, UPDATES + 1):
            store.write(samples.delta_of(update), samples.position_of(update))
            if update in (12, 24, 36):
                flush(store)
        while not copied_whole(live, directory):
            pass


def copied_whole(live: Path, directory: Path) -> bool:
    """Copy a state; say whether its owner, which merges tables meanwhile, took no file away."""
    try:
        shutil.copytree(live, directory)
    except shutil.Error:
        shutil.rmtree(directory)
        return False
    return True


@pytest.fixture(scope="module", params=[1000, 1], ids=["log", "no-log"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corruption")
    prepare(folder / "whole", folder / "live", request.param)
    assert len([*(folder / "whole").glob("*.sst")]) >= len(FAMILIES)
    assert any(path.stat().st_size for path in (folder / "whole").glob("*.log"))
    return folder / "whole"


def damage(directory: Path, generator: random.Random) -> str:
    """Damage one file in one of many ways; return what was done."""
    path = generator.choice(sorted(path for path in directory.iterdir() if path.stat().st_size))
    content = bytearray(path.read_bytes())
    place = generator.randrange(len(content))
    way = generator.choices(["bit", "byte", "cut", "zeros", "grown", "gone"], [12, 2, 2, 2, 1, 1])[
        0
    ]
    if way == "bit":
        content[place] ^= 1 << generator.randrange(8)
    elif way == "byte":
        content[place] ^= generator.randrange(1, 256)
    elif way == "cut":
        del content[place:]
    elif way == "zeros":
        content[place : place + 512] = bytes(len(content[place : place + 512]))
    elif way == "grown":
        content += bytes(generator.randrange(1, 600))
    if way == "gone":
        path.unlink()
    else:
        path.write_bytes(content)
    return f"{way} at {place} of {path.name}"


def check_really_existed(stored, done: str) -> None:
    assert 0 < stored.sequence <= UPDATES, done
    assert stored.position == samples.position_of(stored.sequence), done
    expected = samples.contents(samples.state_after(stored.sequence))
    assert samples.contents(stored.state) == expected, done


def check_sentence(error: StateError, directory: Path, done: str) -> None:
    text = str(error)
    assert str(directory) in text, done
    assert "\n" not in text, done
    assert not re.search(r"Corruption|stored\(|Traceback|rocksdb", text), (done, text)


def outcomes_of(prepared, tmp_path, count, open_and_load):
    outcomes: Counter[str] = Counter()
    for number in range(count):
        directory = tmp_path / str(number)
        shutil.copytree(prepared, directory)
        done = damage(directory, random.Random(f"{prepared.parent.name[:10]}{number}"))
        try:
            stored = open_and_load(directory)
        except StateError as error:
            check_sentence(error, directory, done)
            outcomes["refused"] += 1
        else:
            if stored is not None:
                check_really_existed(stored, done)
                last = stored.sequence == UPDATES
                outcomes["the last update" if last else "an earlier one"] += 1
            else:
                outcomes["nothing there"] += 1
        shutil.rmtree(directory)
    return outcomes


def by_owner(directory: Path):
    with PartitionStore.open(directory, identity=samples.IDENTITY) as store:
        return store.load()


def by_reader(directory: Path):
    reader = PartitionReader(directory)
    reader.refresh()
    reader.close()
    return reader.stored


@pytest.mark.parametrize("open_and_load", [by_owner, by_reader])
def test_one_damaged_file_never_gives_a_wrong_state(
    prepared, tmp_path, open_and_load, request
) -> None:
    count = request.config.getoption("--corruptions")
    outcomes = outcomes_of(prepared, tmp_path, count, open_and_load)
    print(outcomes)  # with -s
    assert sum(outcomes.values()) == count
    assert outcomes["refused"] > count / 5
    assert outcomes["the last update"] > count / 20
    assert not outcomes["nothing there"], "it was taken for a state that is still to be made"


def refusal(directory: Path) -> str | None:
    try:
        by_owner(directory)
    except StateError as error:
        return str(error)
    return None


def test_a_flipped_bit_in_any_table_is_refused_by_the_owner(prepared, tmp_path) -> None:
    tables = sorted(path.name for path in prepared.glob("*.sst"))
    refused = 0
    for name in tables:
        directory = tmp_path / name
        shutil.copytree(prepared, directory)
        content = bytearray((directory / name).read_bytes())
        content[30] ^= 16  # in the first block of data
        (directory / name).write_bytes(content)
        if said := refusal(directory):
            assert f"because its file {name} is damaged: move" in said
            refused += 1
            # What refused it let go of it.
            (directory / name).write_bytes((prepared / name).read_bytes())
        else:
            # RocksDB had merged it into another table and not removed it yet.
            assert not (directory / name).exists()
        assert by_owner(directory).sequence == UPDATES
    assert refused >= len(FAMILIES)


@pytest.mark.parametrize(
    ("name", "record"),
    [
        (b"write", b"\0\0\1"),
        (b"write", (UPDATES - 1).to_bytes(8, "big")),
        (b"write", (UPDATES + 1).to_bytes(8, "big")),
        (b"identity", b"\xff{"),
        (b"identity", b"[]"),
        (b"header", b"HCDV"),
        (b"position", encode_position(samples.position_of(UPDATES - 1))),
        (b"header", encode_header(samples.header(UPDATES))),
    ],
)
def test_records_of_meta_that_do_not_fit_are_refused(prepared, tmp_path, name, record) -> None:
    shutil.copytree(prepared, tmp_path / "0")
    with PartitionStore.open(tmp_path / "0", identity=samples.IDENTITY) as store:
        batch = WriteBatch(raw_mode=True)
        batch.put(name, record, store._handles[META])
        store._database.write(batch)
    for open_and_load in (by_owner, by_reader):
        with pytest.raises(StateError, match=str(tmp_path)):
            open_and_load(tmp_path / "0")


@pytest.mark.parametrize("family", [LEAVES, CENTROIDS, NODES])
@pytest.mark.parametrize("change", ["missing", "older"])
def test_a_record_that_is_missing_or_older_is_noticed(prepared, tmp_path, family, change) -> None:
    shutil.copytree(prepared, tmp_path / "0")
    with PartitionStore.open(tmp_path / "0", identity=samples.IDENTITY) as store:
        older = {
            LEAVES: encode_leaf(samples.leaf(3, 2), 2),
            NODES: encode_node(samples.nodes(UPDATES - 1)[1], UPDATES - 1),
            CENTROIDS: encode_centroid(3, samples.centroid(3, 1), 1),
        }[family]
        batch = WriteBatch(raw_mode=True)
        name = key(1 if family == NODES else 3)
        if change == "missing":
            batch.delete(name, store._handles[family])
        else:
            batch.put(name, older, store._handles[family])
        store._database.write(batch)
    for open_and_load in (by_owner, by_reader):
        with pytest.raises(StateError, match="not one update as a whole: move the directory away"):
            open_and_load(tmp_path / "0")


@pytest.mark.parametrize("prepared", [1000], indirect=True, ids=["log"])
@pytest.mark.parametrize("change", ["missing", "another's", "damaged", "the last missing"])
def test_an_entry_of_the_log_that_does_not_fit_is_refused(prepared, tmp_path, change) -> None:
    """By the owner at once, and by a verification; no view needs them all."""
    shutil.copytree(prepared, tmp_path / "0")
    place = UPDATES if change == "the last missing" else UPDATES - 2
    with PartitionStore.open(tmp_path / "0", identity=samples.IDENTITY) as store:
        with Families.of(store._database) as families:
            entry, another = families.log.get(key(place)), families.log.get(key(place - 1))
        batch = WriteBatch(raw_mode=True)
        if "missing" in change:
            batch.delete(key(place), store._handles[LOG])
        else:
            spoilt = another if change == "another's" else entry[:-1] + bytes([entry[-1] ^ 1])
            batch.put(key(place), spoilt, store._handles[LOG])
        store._database.write(batch)
    with pytest.raises(StateError, match=str(tmp_path)):
        by_owner(tmp_path / "0")
    if change != "the last missing":
        # The bundle is another one, so that nothing is replayed.
        args = ("sessions", "another", VALIDATION, lambda done, total: None)
        found = verify_partition(tmp_path / "0", *args).mismatches
        assert [one.place for one in found] == ["state"]
