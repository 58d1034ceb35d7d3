"""What a killed owner leaves, and what a living one keeps."""

import signal
import subprocess
import sys
import tempfile

import pytest

from hcdv_stream.state.reading.temporary_directories import Scratch

PREFIX = "hcdv-test-"
OWNER = f"""
from hcdv_stream.state.reading.temporary_directories import Scratch

mine = Scratch({PREFIX!r})
(mine.path / "LOG").write_text("some")
print(mine.path, flush=True)
input()
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_the_next_removes_what_a_killed_one_left_and_nothing_else(place):
    other = place / "hcdv-other-1"
    other.mkdir()
    (place / f"{PREFIX}without-a-lock").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        left = owner.stdout.readline().strip()
        mine = Scratch(PREFIX)
        assert (place / left / "LOG").read_text() == "some", "its owner lives"
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    again = Scratch(PREFIX)
    assert set(place.iterdir()) == {
        other,
        place / f"{PREFIX}without-a-lock",
        mine.path,
        again.path,
    }
    for each in (mine, again):
        each.remove()
        each.remove()
        assert not each.path.exists()
