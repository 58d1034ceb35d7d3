"""Which directories are those of partitions."""

from pathlib import Path

from hcdv_stream.state.layout import partition_directories


def test_a_partition_has_one_name(tmp_path: Path) -> None:
    for name in ("0", "10", "2", "00", "02", "٠", "²", "+1", "1.bak", "-1", "9" * 30, ".members"):
        (tmp_path / name).mkdir()
    found = partition_directories(tmp_path)
    assert list(found.items()) == [(number, tmp_path / str(number)) for number in (0, 2, 10)]
    assert partition_directories(tmp_path / "none") == {}
