"""A heartbeat is what was written, or nothing: never a guess from a damaged or foreign file."""

import json
import os
import stat
import zlib
from dataclasses import replace

import orjson
import pytest

from hcdv_stream.state.heartbeat import (
    NAME,
    Heartbeat,
    LogEnd,
    parse_heartbeat,
    read_heartbeat,
    write_heartbeat,
)

NOW = 1_764_032_461.25
BEAT = Heartbeat(
    4711, "host", NOW - 90, NOW - 60, NOW - 0.5, 40, 41, LogEnd(NOW - 0.7, 43), LogEnd(NOW - 9, 41)
)


def sealed(line: bytes) -> bytes:
    return b"%s\n%08x\n" % (line, zlib.crc32(line))


def changed(**changes: object) -> bytes:
    line = BEAT.dump().split(b"\n")[0]
    return sealed(orjson.dumps(orjson.loads(line) | changes))


def test_it_is_read_as_it_was_written(tmp_path):
    for beat in (
        BEAT,
        replace(BEAT, checked=None, held=None),
        replace(BEAT, released_at=NOW - 0.2, moved=True),
    ):
        write_heartbeat(tmp_path, beat)
        assert read_heartbeat(tmp_path, NOW) == beat
        assert beat.owned is (beat.released_at is None)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_none_is_none(tmp_path):
    assert read_heartbeat(tmp_path, NOW) is None
    assert read_heartbeat(tmp_path / "nowhere", NOW) is None
    (tmp_path / NAME).mkdir()
    assert read_heartbeat(tmp_path, NOW) is None


def test_no_part_and_no_damage_passes_for_a_heartbeat():
    whole = BEAT.dump()
    assert parse_heartbeat(whole, NOW) == BEAT
    for length in range(len(whole) - 1):
        assert parse_heartbeat(whole[:length], NOW) is None
    for place in range(len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        assert parse_heartbeat(bytes(damaged), NOW) is None


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": "1"},
        {"beat_at": NOW + 60},
        {"checked": {"at": NOW + 60, "offset": 43}},
        {"held": {"at": 1e400, "offset": 43}},
        {"released_at": NOW + 60},
        {"owned_since": None},
        {"started_at": True},
        {"next_offset": -1},
        {"next_offset": 40.0},
        {"position": 1 << 63},
        {"position": 10**400},
        {"checked": {"at": NOW}},
        {"checked": [1, 2]},
        {"checked": 0},
        {"checked": {"at": "now", "offset": 1}},
        {"moved": 1},
        {"host": None},
    ],
)
def test_what_cannot_be_is_no_heartbeat(change):

    line = json.dumps(json.loads(BEAT.dump().split(b"\n")[0]) | change).encode()
    assert parse_heartbeat(sealed(line), NOW) is None


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b"null", b"3", b"[" * 9000, b"\xff", b"{"])
def test_other_content_is_no_heartbeat(line):
    assert parse_heartbeat(sealed(line), NOW) is None
    assert parse_heartbeat(line, NOW) is None


def test_a_clock_that_is_set_back_a_little_does_no_harm():
    assert parse_heartbeat(changed(beat_at=NOW + 1.5), NOW) is not None


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / NAME)
    assert read_heartbeat(tmp_path, 1.0) is None
