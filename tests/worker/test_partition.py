"""A partition without Kafka: effects and offsets in one write, and nothing depends on the cuts."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from hcdv_stream.settings import load_settings
from hcdv_stream.state import PartitionReader, StateError, StateLocked
from hcdv_stream.state.records import encode_leaf
from hcdv_stream.state.verification import verify_partition
from hcdv_stream.valuation.drift.validation_age import newest_evaluator
from hcdv_stream.valuation.replay import StateReplay
from hcdv_stream.worker.kafka.progress import LogProgress
from hcdv_stream.worker.letters.dead_letter import DeadLetter, Record
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.partition import Partition
from tests.worker.harness import CLASSES, session, small_bundle, state_bytes, stored

BUNDLE = small_bundle()
TOPIC = "sessions"


def log_of(count: int, seed: int = 0) -> list[Record]:
    """Sessions, some of them replacing earlier ones, deletions and poison, by offset."""
    chance = random.Random(seed)
    records = []
    for offset in range(count):
        draw = chance.random()
        number = chance.randrange(offset + 1) if draw < 0.3 else offset
        key, value = session(number, ts=1000.0 + offset, version=offset)
        if draw < 0.05:
            value = b"poison"
        elif draw < 0.12:
            value = None
        records.append(Record(offset, key, value, 2000.0 + offset))
    return records


class Owner:
    """Opens the partition anew for every run, as workers do that are killed in between."""

    def __init__(
        self, directory: Path, registry: CollectorRegistry | None = None, **changes: object
    ):
        self.settings = load_settings(state_dir=directory, topic=TOPIC, **changes)
        self.directory = directory / TOPIC / "0"
        self.registry = registry or CollectorRegistry()
        self.metrics = WorkerMetrics(self.registry)

    def open(self) -> Partition:
        return Partition.open(self.settings, 0, BUNDLE, self.metrics)

    def run(self, records: Sequence[Record]) -> list[DeadLetter]:
        partition = self.open()
        step = partition.apply(partition.without_effect(records), records[-1].offset + 1)
        partition.write(step)
        partition.close()
        return list(step.rejected)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    return Owner(tmp_path)


def test_nothing_is_stored_at_first(owner: Owner):
    partition = owner.open()
    assert partition.next_offset is None
    assert partition.expected == 0
    partition.close()


def test_effect_and_offset_are_stored_together(owner: Owner):
    letters = owner.run(log_of(400))
    partition = stored(owner.directory)
    assert partition is not None
    assert partition.position.next_offset == 400
    assert partition.position.high_watermark == 400
    assert partition.position.event_time == 1398.0  # the last record is a deletion
    assert partition.position.append_time == 2399.0
    assert partition.state.header.records == 400 - len(letters)
    assert {letter.reason for letter in letters} == {"not_json", "unknown_id"}


def test_an_update_that_is_not_written_leaves_no_trace(owner: Owner):
    records = log_of(300)
    owner.run(records[:200])
    before = stored(owner.directory)
    partition = owner.open()
    partition.apply(records[200:], 300)
    partition.close()
    after = stored(owner.directory)
    assert before is not None
    assert after is not None
    assert state_bytes(after) == state_bytes(before)
    assert after.position == before.position


def test_records_that_took_effect_are_dropped(owner: Owner):
    records = log_of(100)
    owner.run(records)
    partition = owner.open()
    assert partition.without_effect(records) == []
    later = [Record(100, *session(1), 1.0)]
    assert partition.without_effect([*records[90:], *later]) == later
    partition.close()
    assert owner.registry.get_sample_value(
        "hcdv_redelivered_records_total", {"topic": TOPIC, "partition": "0"}
    ) == pytest.approx(110)


def test_poison_alone_moves_the_offset(owner: Owner):
    owner.run([Record(0, b"a", b"poison", 1.0)])
    partition = stored(owner.directory)
    assert partition is not None
    assert partition.position.next_offset == 1
    assert partition.state.header.records == 0
    owner.run([Record(1, *session(1), 1.0)])


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(1, 899), max_size=12))
def test_the_state_does_not_depend_on_how_the_log_is_cut(
    tmp_path_factory: pytest.TempPathFactory, cuts: set[int]
):
    records = log_of(900)
    whole, parts = (Owner(tmp_path_factory.mktemp("state"), update_size=50) for _ in range(2))
    whole.run(records)
    edges = [0, *sorted(cuts), 900]
    for start, stop in itertools.pairwise(edges):
        parts.run(records[start:stop])
    one, other = stored(whole.directory), stored(parts.directory)
    assert one is not None
    assert other is not None
    assert state_bytes(one) == state_bytes(other)


MOVING = {
    "update_size": 50,
    "trusted_mark": True,
    "validation_most": 25,
    "validation_least": 5,
    "validation_horizon": 200.0,
    "peer_horizon": 300.0,
}


def moving_log(count: int, seed: int) -> list[Record]:
    """Every tenth session is trusted; ids of evaluators are used again, and some are deleted."""
    chance = random.Random(seed)
    records = []
    for record in log_of(count, seed):
        offset = record.offset
        draw = chance.random()
        if draw < 0.1:
            key, value = session(offset, ts=1000.0 + offset, trusted=True)
        elif draw < 0.2:
            number = chance.randrange(offset + 1)
            key, value = session(number, ts=1000.0 + offset, trusted=draw < 0.15)
        else:
            key, value = record.key, record.value
        records.append(Record(offset, key, value, record.append_time))
    return records


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(1, 899), max_size=12))
def test_a_moving_v_does_not_depend_on_how_the_log_is_cut(
    tmp_path_factory: pytest.TempPathFactory, cuts: set[int]
):
    records = moving_log(900, 5)
    whole, parts = (Owner(tmp_path_factory.mktemp("state"), **MOVING) for _ in range(2))
    letters = whole.run(records)
    edges, found = [0, *sorted(cuts), 900], []
    for start, stop in itertools.pairwise(edges):
        found += parts.run(records[start:stop])
    one, other = stored(whole.directory), stored(parts.directory)
    assert one is not None
    assert other is not None
    assert state_bytes(one) == state_bytes(other)
    assert [letter.record.offset for letter in found] == [
        letter.record.offset for letter in letters
    ]
    drift = one.state.drift
    assert drift.joined > 80
    assert drift.retired > sum(drift.departed) > 0
    assert drift.peers_since is not None
    assert {"foreign_id", "unknown_id"} <= {letter.reason for letter in letters}


def test_a_moving_v_verifies_and_a_changed_evaluator_does_not(tmp_path: Path):
    owner = Owner(tmp_path, **MOVING)
    owner.run(moving_log(600, 6))
    found = verify_partition(
        owner.directory, TOPIC, BUNDLE.checksum, BUNDLE.validation, lambda *_: None
    )
    assert found.mismatches == ()
    partition = owner.open()
    state = partition._engine.state()
    leaf = next(leaf for leaf in state.leaves.values() if leaf.evaluators is not None)
    assert leaf.evaluators is not None
    other = replace(leaf.evaluators, labels=1 - leaf.evaluators.labels)
    leaves = {**state.leaves, leaf.id: replace(leaf, evaluators=other)}
    replay = StateReplay(
        owner.settings.engine(BUNDLE.tau), 2, BUNDLE.validation, replace(state, leaves=leaves)
    )
    places = {mismatch.place for found in replay.leaves() for mismatch in found}
    assert places == {f"leaf {leaf.id}"}
    partition.close()


FUTURE = 4e9


def test_an_event_time_of_the_future_makes_nobody_young(tmp_path: Path):
    owner = Owner(tmp_path, **MOVING)

    def run(first: int, append_time: float, **changes: object) -> None:
        sessions = [
            session(number, **{"ts": append_time + number, **changes})
            for number in range(first, first + 50)
        ]
        owner.run(
            [
                Record(first + row, key, value, append_time + first + row)
                for row, (key, value) in enumerate(sessions)
            ]
        )

    run(0, 1000.0)
    run(50, 1000.0, ts=FUTURE)
    run(100, 1000.0, ts=FUTURE, trusted=True)
    found = stored(owner.directory)
    assert found is not None
    assert newest_evaluator(found.state) == found.state.drift.event_time == 1049.0
    times = [leaf.examples.timestamps.max(initial=0.0) for leaf in found.state.leaves.values()]
    assert max(times) == 1049.0

    run(150, FUTURE, trusted=True)  # the append times are made up as well
    run(200, 1200.0, trusted=True)
    found = stored(owner.directory)
    assert found is not None
    assert newest_evaluator(found.state) == found.state.drift.event_time == 1449.0

    run(250, 2000.0)
    run(300, 2000.0, trusted=True)
    found = stored(owner.directory)
    assert found is not None
    old = [
        name
        for leaf in found.state.leaves.values()
        if leaf.evaluators is not None
        for name, time in zip(leaf.evaluators.ids, leaf.evaluators.timestamps, strict=True)
        if time < 2000.0
    ]
    assert old == []  # more than HCDV_VALIDATION_LEAST of each class are younger


def test_the_log_says_once_that_v_has_lost_a_class(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    owner = Owner(tmp_path, **MOVING | {"validation_most": 5})
    sessions = [session(number, label=CLASSES[0], trusted=number < 50) for number in range(100)]
    owner.run([Record(row, *one, 2e9) for row, one in enumerate(sessions)])
    found = stored(owner.directory)
    assert found is not None
    there = [leaf.evaluators for leaf in found.state.leaves.values() if leaf.evaluators is not None]
    names = [name for leaf in there for name in leaf.ids]
    assert len(names) == 5
    partition = owner.open()
    for offset, name in enumerate(names, 100):
        step = partition.apply([Record(offset, name.encode(), None, 2e9)], offset + 1)
        partition.write(step)
    partition.close()
    text = "V has too few evaluators of a class"
    (line,) = [record for record in caplog.records if text in record.getMessage()]
    assert line.levelname == "WARNING"


def test_who_is_trusted(tmp_path: Path):
    def joined(directory: str, **changes: object) -> list[str]:
        owner = Owner(tmp_path / directory, update_size=50, **changes)
        sent = [
            session(0, provider="lab", trusted=True),
            session(1, provider="lab"),
            session(2, provider="shop", trusted=True),
            session(3, provider="shop"),
        ]
        owner.run([Record(offset, *one, 2000.0) for offset, one in enumerate(sent)])
        partition = stored(owner.directory)
        assert partition is not None
        leaves = partition.state.leaves.values()
        names = [name for leaf in leaves if leaf.evaluators for name in leaf.evaluators.ids]
        valued = [name for leaf in leaves for name in leaf.examples.ids]
        assert sorted(names + valued) == [f"s{number:06d}" for number in range(4)]
        return sorted(names)

    assert joined("nobody") == []
    assert joined("marked", trusted_mark=True) == ["s000000", "s000002"]
    assert joined("named", trusted_providers=("lab",)) == ["s000000", "s000001"]
    assert joined("both", trusted_mark=True, trusted_providers=("lab",)) == ["s000000"]


def test_a_v_at_rest_leaves_nothing_in_the_leaves(tmp_path: Path):
    owner = Owner(tmp_path)
    owner.run(log_of(300))
    partition = stored(owner.directory)
    assert partition is not None
    leaves = partition.state.leaves.values()
    assert not any(b"evaluators." in encode_leaf(leaf, 1) for leaf in leaves)
    drift = partition.state.drift
    assert (drift.joined, drift.retired, drift.departed, drift.peers_since) == (0, 0, (), None)
    reader = PartitionReader(owner.directory)
    reader.refresh()
    assert reader.identity is not None
    assert b"validation_most" not in reader.identity.dump()


def test_another_engine_s_state_is_refused(owner: Owner, tmp_path: Path):
    owner.run(log_of(10))
    with pytest.raises(StateError, match="leaf_size was 64 and is now 32"):
        Owner(tmp_path, leaf_size=32).open()


def test_one_owner_at_a_time(owner: Owner):
    partition = owner.open()
    with pytest.raises(StateLocked):
        owner.open()
    partition.close()
    owner.open().close()


def test_the_corpus_is_measured(tmp_path: Path):
    registry = CollectorRegistry()
    owner = Owner(tmp_path, registry, update_size=50)
    partition = owner.open()
    step = partition.apply(log_of(400), 500)
    partition.write(step)
    labels = {"topic": TOPIC, "partition": "0"}
    header = step.delta.header

    def value(name: str, **more: str) -> float | None:
        return registry.get_sample_value(name, labels | more)

    assert value("hcdv_records_total") == header.records
    assert value("hcdv_updates_total") == header.updates == header.records // 50
    assert value("hcdv_tree_rebalances_total") == header.rebalances > 0
    assert value("hcdv_leaves_spawned_total") == header.spawned > 0
    assert value("hcdv_examples") == len(
        {name for leaf in step.delta.leaves.values() for name in leaf.examples.ids}
    )
    assert 0 <= (value("hcdv_efficiency_residual") or 0.0) < 1e-9
    reasons = [letter.reason for letter in step.rejected]
    assert value("hcdv_dead_letters_total", reason="not_json") == reasons.count("not_json")
    partition.observe(LogProgress(400, 500))
    assert partition.progress.behind == 100
    assert value("hcdv_consumer_lag_records") == 100
    for stage in ("validate", "embed", "place", "play", "write"):
        assert registry.get_sample_value("hcdv_stage_seconds_count", {"stage": stage}) == 1
        assert registry.get_sample_value("hcdv_stage_items_count", {"stage": stage}) == 1
    partition.close()
    assert value("hcdv_examples") is None


def test_a_time_in_the_future_does_not_stay(owner: Owner):
    def stored_times(offset: int, ts: float, append_time: float) -> tuple[float, float]:
        owner.run([Record(offset, *session(offset, ts=ts), append_time)])
        partition = stored(owner.directory)
        assert partition is not None
        return partition.position.event_time, partition.position.append_time

    year_9999 = 253_370_764_800.0
    assert stored_times(0, 1000.0, 1001.0) == (1000.0, 1001.0)
    assert stored_times(1, year_9999, 1002.0) == (1000.0, 1002.0)
    assert stored_times(2, year_9999, year_9999) == (year_9999, year_9999)
    assert stored_times(3, 1003.0, 1003.0) == (1003.0, 1003.0)
    for time_of, count in (("event", 1.0), ("append", 1.0)):
        labels = {"topic": TOPIC, "partition": "0", "time": time_of}
        assert owner.registry.get_sample_value("hcdv_future_times_total", labels) == count
