"""The exact way of every poll, for who measures."""

import orjson

from hcdv_stream.worker.metrics.timings import Timings


def test_a_line_per_poll_and_partition_is_appended(tmp_path):
    path = tmp_path / "timings.ndjson"
    Timings(path).record(1, 150, 0.012)
    Timings(path).record(0, 20, 0.5)
    assert [orjson.loads(line) for line in path.read_bytes().splitlines()] == [
        {"partition": 1, "records": 150, "seconds": 0.012},
        {"partition": 0, "records": 20, "seconds": 0.5},
    ]


def test_without_a_file_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Timings(None).record(0, 1, 0.1)
    assert not list(tmp_path.iterdir())
