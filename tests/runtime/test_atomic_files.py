import pytest

from hcdv_stream.runtime.atomic_files import written_whole


def test_a_file_takes_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "values"
    path.write_text("before")
    with written_whole(path) as beside:
        beside.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def interrupted(path):
    with written_whole(path) as beside:
        beside.write_text("half")
        raise InterruptedError


def test_what_is_not_finished_leaves_everything_as_it_was(tmp_path):
    path = tmp_path / "values"
    path.write_text("before")
    with pytest.raises(InterruptedError):
        interrupted(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
