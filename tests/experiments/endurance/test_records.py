"""What a log must come to."""

from dataclasses import dataclass

from hcdv_stream.experiments.endurance.records import POISON, expected


@dataclass
class Record:
    offset: int
    key: bytes
    value: bytes | None
    partition: int = 0


def test_an_id_that_is_deleted_twice_has_a_letter() -> None:
    values = (b"a session", None, None, b"another", POISON[0])
    log = [Record(offset, b"id", value) for offset, value in enumerate(values)]
    (one,) = expected(log, "topic", 1)
    assert one.ids == {"id"}
    assert one.letters == {b"topic/0/2", b"topic/0/4"}
    assert (one.end, one.records) == (5, 5)
