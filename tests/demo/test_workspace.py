"""The temporary directory and the processes in it: gone with whoever made them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hcdv_stream.demo.processes import Child, ChildDiedError
from hcdv_stream.demo.workspace import Workspace

PARENT = """
import subprocess, sys, time
from hcdv_stream.demo.workspace import Workspace
from hcdv_stream.runtime.child_process import tethered
WRITER = "import sys, pathlib, itertools\\nfor i in itertools.count():\\n" \
         "    pathlib.Path(sys.argv[1], str(i % 50)).write_text('x')"
with Workspace() as workspace:
    writer = subprocess.Popen(
        tethered([sys.executable, "-c", WRITER, str(workspace.path)]),
        pass_fds=(workspace.lifeline,),
    )
    while not (workspace.path / "20").exists():
        time.sleep(0.01)
    print(workspace.path, writer.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def test_it_is_gone_after_its_context(temporary):
    with Workspace() as workspace:
        (workspace.path / "state").mkdir()
        (workspace.path / "state" / "file").write_text("x")
        assert list(temporary.iterdir()) == [workspace.path]
    assert not list(temporary.iterdir())


def test_it_is_gone_after_an_error(temporary):
    with pytest.raises(RuntimeError), Workspace():
        raise RuntimeError
    assert not list(temporary.iterdir())


def test_it_is_gone_after_a_kill_though_a_child_was_writing(temporary):
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        path, writer = parent.stdout.readline().rsplit(maxsplit=1)
        assert Path(path).parent == temporary
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 10
    while (list(temporary.iterdir()) or alive(int(writer))) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not list(temporary.iterdir())
    assert not alive(int(writer))


def test_a_janitor_ignores_what_ends_others(temporary):
    with Workspace() as workspace:
        janitor = workspace._janitor
        deadline = time.monotonic() + 5
        while "janitor" not in Path(f"/proc/{janitor.pid}/cmdline").read_text():
            assert time.monotonic() < deadline
        time.sleep(0.2)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            janitor.send_signal(number)
        time.sleep(0.1)
        assert janitor.poll() is None
        assert workspace.path.is_dir()


def test_a_child_says_why_it_died():
    with Workspace() as workspace:
        child = Child(["nonsense"], {}, workspace.path / "log", workspace.lifeline)
        with child:
            child._process.wait(20)
            with pytest.raises(ChildDiedError, match=r"`hcdv-stream nonsense` ended with status 2"):
                child.check()


def test_a_child_is_ended_with_its_context():
    environment = {"HCDV_METRICS_PORT": "0", "HCDV_API_PORT": "0"}
    with Workspace() as workspace:
        state = {"HCDV_STATE_DIR": str(workspace.path / "state")}
        log = workspace.path / "log"
        with Child(["api"], environment | state, log, workspace.lifeline) as child:
            deadline = time.monotonic() + 30
            while "API listening" not in log.read_text() and time.monotonic() < deadline:
                child.check()
                time.sleep(0.05)
            pid = child.pid
            assert alive(pid)
        assert not alive(pid)
        assert "API stopped" in log.read_text()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
