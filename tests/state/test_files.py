"""How many files a state has, whose they are, and what is said if the system refuses one."""

import os
import resource
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from os.path import ismount
from pathlib import Path

import pytest

from hcdv_stream.settings import Settings
from hcdv_stream.state import PartitionReader, PartitionStore, StateError, layout
from hcdv_stream.state.errors import cause_of
from hcdv_stream.state.layout import FAMILIES, LOG
from hcdv_stream.valuation.state import Delta
from hcdv_stream.worker.kafka.instance_id import Instance
from tests.repository import ROOT
from tests.state import samples

FLUSHES = 60
MOST_FILES = 8
"""Files of a family: up to four that wait for a merge, and those that one is reading."""


def flush(store: PartitionStore) -> None:
    for family in FAMILIES:
        store._database.get_column_family(family).flush()


def files_of(store: PartitionStore, family: str) -> int:
    column = store._database.get_column_family(family)
    levels = (column.property_value(f"rocksdb.num-files-at-level{level}") for level in range(7))
    return sum(map(int, levels))


def settled(store: PartitionStore) -> None:
    """Wait until no compaction runs or waits."""
    deadline = time.monotonic() + 60
    names = ("rocksdb.num-running-compactions", "rocksdb.compaction-pending")
    columns = [store._database.get_column_family(family) for family in FAMILIES]
    while any(column.property_int_value(name) for column in columns for name in names):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("log_length", [10_000, 20])
def test_files_do_not_add_up(tmp_path: Path, log_length: int) -> None:
    with PartitionStore.open(
        tmp_path / "0", identity=samples.IDENTITY, log_length=log_length
    ) as store:
        store.write(samples.delta_of(1), samples.position_of(1))
        for update in range(2, FLUSHES):
            whole = samples.delta_of(1)
            # Ids that only ascend, as of a stream in which every leaf is founded and never met.
            centroids = {update: samples.centroid(update, update)} if update < samples.OLD else {}
            store.write(
                Delta(whole.header, whole.nodes, {}, centroids=centroids),
                samples.position_of(update),
            )
            flush(store)
        settled(store)
        counts = {family: files_of(store, family) for family in FAMILIES}
    assert max(counts.values()) <= MOST_FILES, counts
    with PartitionStore.open(
        tmp_path / "0", identity=samples.IDENTITY, log_length=log_length
    ) as store:
        assert store.load().sequence == FLUSHES - 1
    reader = PartitionReader(tmp_path / "0")
    assert reader.refresh()
    assert reader.stored.sequence == FLUSHES - 1


def test_the_manifest_is_started_anew_within_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each flush adds to it, so one of a mebibyte would grow for an hour; here all is an eighth."""
    monkeypatch.setattr(layout, "_MIB", 1 << 17)
    sizes = []
    with PartitionStore.open(tmp_path, identity=samples.IDENTITY, log_length=20) as store:
        for update in range(1, 31):
            store.write(samples.delta_of(update), samples.position_of(update))
            flush(store)
            sizes.append(max(path.stat().st_size for path in tmp_path.glob("MANIFEST-*")))
    assert 4_000 < max(sizes) < 10_000
    assert sizes[-1] < max(sizes)
    reader = PartitionReader(tmp_path)
    assert reader.refresh()
    assert reader.stored.sequence == 30


def test_compacting_leaves_nothing_that_was_replaced(tmp_path: Path) -> None:
    with PartitionStore.open(tmp_path, identity=samples.IDENTITY, log_length=4) as store:
        for update in range(1, 30):
            store.write(samples.delta_of(update), samples.position_of(update))
        reader = PartitionReader(tmp_path)
        reader.refresh()
        assert store.erase(store.begin_erasure())
        settled(store)
        files = b"".join(path.read_bytes() for path in tmp_path.glob("*.sst"))
        assert b"12/1/5" not in files, "a leaf that is gone"
        assert f"{samples.alive(29)[-1]}/29/5".encode() in files, "one that is there"
        assert files_of(store, LOG) == 1
        store.write(samples.delta_of(30), samples.position_of(30))
        assert reader.refresh()
        expected = samples.contents(samples.state_after(30))
        assert samples.contents(store.load().state) == expected
        assert samples.contents(reader.stored.state) == expected


def test_directories_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with PartitionStore.open(tmp_path / "state" / "t" / "0", identity=samples.IDENTITY):
            pass
    finally:
        os.umask(before)
    for made in ("state", "state/t", "state/t/0"):
        assert stat.S_IMODE((tmp_path / made).stat().st_mode) == 0o700


def test_a_worker_that_takes_its_name_first_makes_directories_for_its_owner_alone(tmp_path: Path):
    before = os.umask(0)
    try:
        Instance.take(Settings(state_dir=tmp_path / "state")).release()
    finally:
        os.umask(before)
    for made in ("state", "state/.members"):
        assert stat.S_IMODE((tmp_path / made).stat().st_mode) == 0o700


def test_a_state_that_lost_its_current_file_is_not_begun_anew(tmp_path: Path) -> None:
    with PartitionStore.open(tmp_path, identity=samples.IDENTITY) as store:
        store.write(samples.delta_of(1), samples.position_of(1))
        flush(store)
    (tmp_path / "CURRENT").unlink()
    files = {path.name for path in tmp_path.glob("*.sst")}
    with pytest.raises(StateError, match="CURRENT is missing: move the directory away"):
        PartitionStore.open(tmp_path, identity=samples.IDENTITY)
    with pytest.raises(StateError, match="CURRENT is missing: move the directory away"):
        PartitionReader(tmp_path).refresh()
    assert {path.name for path in tmp_path.glob("*.sst")} == files


# What the system refuses, each in a process of its own, which ends with the sentence.


def said_by(act: Callable[[Path], None], directory: Path, within: Sequence[str] = ()) -> str:
    """Run ``act`` of this module in another process, which must fail with a StateError."""
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from hcdv_stream.errors import HcdvError\n"
        "from tests.state import test_files\n"
        f"try:\n    test_files.{act.__name__}(Path(sys.argv[1]))\n"
        "except HcdvError as error:\n    print(error)\n    sys.exit(3)\n"
    )
    done = subprocess.run(
        [*within, sys.executable, "-c", program, str(directory)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=ROOT,
    )
    assert done.returncode == 3, done.stderr or done.stdout
    assert done.stdout.count("\n") == 1
    assert str(directory) in done.stdout
    assert "move the directory away" not in done.stdout
    return done.stdout


def without_descriptors(directory: Path) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(44)]
    with PartitionStore.open(directory, identity=samples.IDENTITY) as store:
        for update in range(1, 500):
            store.write(samples.delta_of(update), samples.position_of(update))
            with suppress(Exception):  # what happens in the background is said by the next write
                flush(store)
    assert kept


def with_small_files(directory: Path) -> None:
    with PartitionStore.open(directory, identity=samples.IDENTITY) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        for update in range(1, 500):
            store.write(samples.delta_of(update), samples.position_of(update))


def on_a_full_disk(directory: Path) -> None:
    """Fill a disk of 6 MiB, or as much as the process may write, make room, and go on."""
    ballast = directory.parent / "ballast"
    ballast.write_bytes(bytes(1 << 20))
    if not ismount(directory.parent):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 21, resource.RLIM_INFINITY))
    try:
        with PartitionStore.open(directory, identity=samples.IDENTITY) as store:
            for update in range(1, 5000):
                store.write(samples.delta_of(update), samples.position_of(update))
    except StateError as error:
        refused = error
    ballast.unlink()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    with PartitionStore.open(directory, identity=samples.IDENTITY) as store:
        stored = store.load()
        assert 0 < stored.sequence <= update
        expected = samples.contents(samples.state_after(stored.sequence))
        assert samples.contents(stored.state) == expected
        following = stored.sequence + 1
        store.write(samples.delta_of(following), samples.position_of(following))
    raise refused


def without_rights(directory: Path) -> None:
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    with PartitionStore.open(directory, identity=samples.IDENTITY):
        pass


def test_without_descriptors_the_limit_is_named(tmp_path: Path) -> None:
    said = said_by(without_descriptors, tmp_path / "0")
    assert "no file descriptors left: raise its limit (`ulimit -n`" in said


def test_a_file_that_may_not_grow_is_named(tmp_path: Path) -> None:
    said = said_by(with_small_files, tmp_path / "0")
    assert "cannot be written because this process may not write a file of that size" in said
    with PartitionStore.open(tmp_path / "0", identity=samples.IDENTITY) as store:
        stored = store.load()
    assert stored.sequence > 0
    expected = samples.contents(samples.state_after(stored.sequence))
    assert samples.contents(stored.state) == expected


def test_a_full_disk_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    mount = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=6m none "$0" && exec "$@"']
    within = [*mount, str(tmp_path)]
    mounted = not subprocess.run([*within, "true"], check=False, capture_output=True).returncode
    said = said_by(on_a_full_disk, tmp_path / "0", within if mounted else ())
    if mounted:
        assert "because the disk is full: free some space and restart" in said
    else:  # where no user may mount a disk of its own, the process itself may write no more
        assert "may not write a file of that size: raise its limit" in said


@pytest.mark.parametrize("shut", ["directory", "files"])
def test_missing_rights_are_named(tmp_path: Path, shut: str) -> None:
    directory = tmp_path / "0"
    with PartitionStore.open(directory, identity=samples.IDENTITY) as store:
        store.write(samples.delta_of(1), samples.position_of(1))
    for above in (directory, *tmp_path.parents[:2], tmp_path):
        above.chmod(0o777 if shut == "files" or above != directory else 0o500)
    if shut == "files":
        for path in directory.iterdir():
            path.chmod(0o000)
    try:
        said = said_by(without_rights, directory)
    finally:
        for above in (directory, *tmp_path.parents[:2], tmp_path):
            above.chmod(0o700)
    assert "because this user lacks the right to: give the directory" in said


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("IO error: While appending to file: /s/0/000012.log: No space left on device", "full"),
        ("IO error: /s/0/LOCK: Read-only file system", "read-only"),
        ("IO error: While pread: /s/0/000012.sst: Input/output error", "reports an error"),
        ("IO error: open /s/0/MANIFEST-000004: Operation not permitted", "lacks the right"),
        ("Corruption: block checksum mismatch in /s/0/000031.sst offset 0", "000031.sst is dama"),
        ("IO error: No such file or directory: /s/0/000007.sst", "its file 000007.sst is missing"),
    ],
)
def test_what_rocksdb_says_becomes_a_cause(text: str, cause: str) -> None:
    assert cause in cause_of(Exception(text))[0]


def test_closing_does_not_bury_what_went_wrong_first(tmp_path: Path) -> None:
    store = PartitionStore.open(tmp_path, identity=samples.IDENTITY)

    class RefusingDatabase:
        def close(self) -> None:
            raise Exception("IO error: No space left on device")

    database, store._database = store._database, RefusingDatabase()
    with pytest.raises(StateError, match="the first"), store:
        raise StateError("the first")
    database.close()


def test_opening_says_what_is_wrong_also_where_closing_fails_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    PartitionStore.open(tmp_path, identity=samples.IDENTITY).close()
    close = PartitionStore.close

    def refuse(store: PartitionStore) -> None:
        close(store)
        raise StateError("the disk is full")

    monkeypatch.setattr(PartitionStore, "close", refuse)
    with pytest.raises(StateError, match="computed otherwise"):
        PartitionStore.open(tmp_path, identity=replace(samples.IDENTITY, bundle="1e" * 16))
