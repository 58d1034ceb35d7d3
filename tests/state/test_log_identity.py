"""The state's record of its log: kept for good, and whatever contradicts it is refused."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from rocksdict import WriteBatch

from hcdv_stream.state import LogIdentity, PartitionReader, PartitionStore, StateError
from hcdv_stream.state.layout import IDENTITY_KEY, LOG_IDENTITY_KEY, META, open_for_writing
from tests.state import samples

LOG = LogIdentity("id-1", 4, 0, complete=True)
TRUNCATED = LogIdentity("id-1", 4, 120, complete=False)


def opened(directory: Path, log: LogIdentity | None, *, accept: bool = False) -> PartitionStore:
    return PartitionStore.open(
        directory, identity=samples.IDENTITY, log=log, accept_truncated=accept
    )


def written(directory: Path, log: LogIdentity | None, *, accept: bool = False) -> None:
    with opened(directory, log, accept=accept) as store:
        store.write(samples.delta_of(1), samples.position_of(1))


def stored_log(directory: Path) -> LogIdentity | None:
    reader = PartitionReader(directory)
    reader.refresh()
    reader.close()
    return reader.log


def test_a_state_keeps_the_log_that_it_began_with(tmp_path):
    written(tmp_path, LOG)
    assert stored_log(tmp_path) == LOG
    # Retention has cut the log since: the state's beginning is in the state all the same.
    with opened(tmp_path, TRUNCATED) as store:
        assert store.log == LOG
    assert stored_log(tmp_path) == LOG


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (replace(LOG, topic_id="id-2"), "its id was id-1 and is now id-2"),
        (replace(LOG, partitions=8), "has 8 partitions and the state was computed with 4"),
        (replace(LOG, partitions=8), "`hcdv-stream topics repartition --partitions 8`"),
    ],
)
def test_another_log_is_refused(tmp_path, now, said):
    written(tmp_path, LOG)
    with pytest.raises(StateError, match=re.escape(said)):
        opened(tmp_path, now)
    opened(tmp_path, LOG).close()  # the refusal left it unlocked and unharmed


@pytest.mark.parametrize(("first", "now"), [(None, "id-1"), ("id-1", None), (None, None)])
def test_an_id_that_a_broker_does_not_give_is_no_evidence(tmp_path, first, now):
    written(tmp_path, replace(LOG, topic_id=first))
    with opened(tmp_path, replace(LOG, topic_id=now)) as store:
        assert store.log == replace(LOG, topic_id=first)


def test_a_new_state_without_its_beginning_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(StateError, match=r"begins at offset 120.*HCDV_TRUNCATED_LOG=accept"):
        opened(tmp_path, TRUNCATED)
    written(tmp_path, LOG)  # on a log with its beginning, the same directory will do
    assert stored_log(tmp_path) == LOG


def test_a_truncated_corpus_is_accepted_each_time_or_not_at_all(tmp_path):
    written(tmp_path, TRUNCATED, accept=True)
    assert stored_log(tmp_path) == TRUNCATED
    with pytest.raises(StateError, match=r"holds a truncated corpus.*before offset 120"):
        opened(tmp_path, replace(TRUNCATED, begins_at=500))
    with opened(tmp_path, replace(TRUNCATED, begins_at=500), accept=True) as store:
        assert store.log == TRUNCATED


def test_a_state_of_before_that_does_not_say_its_log_takes_that_of_now(tmp_path):
    written(tmp_path, None)
    assert stored_log(tmp_path) is None
    with pytest.raises(StateError, match="truncated"):
        opened(tmp_path, TRUNCATED)
    opened(tmp_path, LOG).close()
    assert stored_log(tmp_path) == LOG


def test_the_state_of_another_partition_or_topic_is_refused_by_name(tmp_path):
    opened(tmp_path, LOG).close()
    for identity in (
        replace(samples.IDENTITY, partition=1),
        replace(samples.IDENTITY, topic="clicks"),
    ):
        with pytest.raises(StateError, match="holds the state of partition 0 of topic 'sessions'"):
            PartitionStore.open(tmp_path, identity=identity, log=LOG)


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"topic_id":"x"}', b"\xff"])
def test_a_damaged_record_is_an_error_of_ours(tmp_path, damage):
    written(tmp_path, LOG)
    database = open_for_writing(tmp_path)
    batch = WriteBatch(raw_mode=True)
    handle = database.get_column_family_handle(META)
    batch.put(LOG_IDENTITY_KEY, damage, handle)
    database.write(batch)
    del handle, batch
    database.close()
    with pytest.raises(StateError, match="record of its log cannot be read"):
        opened(tmp_path, LOG)
    with pytest.raises(StateError):
        stored_log(tmp_path)


def test_identity_and_log_are_written_together(tmp_path):
    opened(tmp_path, LOG).close()
    database = open_for_writing(tmp_path)
    meta = database.get_column_family(META)
    found = {name: meta.get(name) for name in (IDENTITY_KEY, LOG_IDENTITY_KEY)}
    meta = None
    database.close()
    assert all(found.values())
