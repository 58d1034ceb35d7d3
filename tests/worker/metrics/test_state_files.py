"""What states take: RocksDB's own counts, files, the disk, and the process's limit of memory."""

import shutil
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from hcdv_stream.runtime.memory_limit import memory_limit
from hcdv_stream.settings import load_settings
from hcdv_stream.state.store import PartitionStore, StoreMeasures
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.metrics.state_files import publish
from tests.state.samples import IDENTITY, delta_of, position_of

LABELS = {"topic": "sessions", "partition": "3"}


def test_rocksdb_says_what_is_in_memory_and_none_of_it_after_a_flush(tmp_path: Path) -> None:
    with PartitionStore.open(tmp_path, identity=IDENTITY) as store:
        empty = store.measures()
        for update in range(1, 30):
            store.write(delta_of(update), position_of(update, 0.0))
        filled = store.measures()
        assert filled.buffered_bytes > empty.buffered_bytes
        assert (filled.pending_compaction_bytes, filled.writes_held_back) == (0, False)
        assert store.erase(store.begin_erasure())
        assert store.measures().buffered_bytes < filled.buffered_bytes
    with PartitionStore.open(tmp_path, identity=IDENTITY) as store:  # nothing holds the lock
        assert store.measures().buffered_bytes > 0


def test_files_disk_and_counts_are_published_and_go_with_the_partition(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path)
    directory = tmp_path / "sessions" / "3"
    directory.mkdir(parents=True)
    (directory / "000001.sst").write_bytes(b"x" * 700)
    (directory / "000002.log").write_bytes(b"x" * 50)
    registry = CollectorRegistry()
    metrics = WorkerMetrics(registry)
    publish(settings, metrics, {3: StoreMeasures(10, 20, writes_held_back=True)})
    found = {
        name: registry.get_sample_value(f"hcdv_state_{name}", LABELS)
        for name in (
            "files",
            "bytes",
            "buffer_bytes",
            "pending_compaction_bytes",
            "writes_held_back",
        )
    }
    assert list(found.values()) == [2, 750, 10, 20, 1]
    disk = shutil.disk_usage(tmp_path)
    assert registry.get_sample_value("hcdv_state_disk_bytes") == disk.total
    free = registry.get_sample_value("hcdv_state_disk_free_bytes")
    assert free is not None
    assert 0 < free < disk.total
    metrics.examples.labels("sessions", "3")
    metrics.forget("sessions", "3")
    assert registry.get_sample_value("hcdv_state_files", LABELS) is None


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("memory.max", "1048576\n", 1_048_576),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "2097152\n", 2_097_152),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", None),
        ("other", "", None),
    ],
)
def test_the_limit_is_the_containers_or_the_machines(
    tmp_path: Path, name: str, text: str, expected: int | None
) -> None:
    machine = memory_limit(tmp_path / "nothing")
    assert machine > 100e6
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert memory_limit(tmp_path) == (machine if expected is None else expected)
