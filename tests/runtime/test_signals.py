"""Children act on signals as usual, also if whoever started their parent ignores some."""

import signal
import subprocess
import sys

import pytest

from hcdv_stream.demo.stopping import Stopped, stoppable
from hcdv_stream.runtime.child_process import tethered

SAY = "import signal; print([n for n in (1, 2, 15) if signal.getsignal(n) is signal.SIG_IGN])"
IGNORING = """
import signal, subprocess, sys
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
"""
TETHERED = "from hcdv_stream.runtime.child_process import tethered\n"
TETHERED += "subprocess.run(tethered(sys.argv[1:]))\n"
TESTED = "from tests.conftest import undo_ignored_signals\nundo_ignored_signals()\n"
TESTED += "subprocess.run(sys.argv[1:])\n"


@pytest.mark.parametrize("way", [TETHERED, TESTED], ids=["tethered", "of a test"])
def test_a_child_of_a_process_that_ignores_signals(way: str) -> None:
    command = [sys.executable, "-c", IGNORING + way, sys.executable, "-c", SAY]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_tethered_child_can_be_interrupted() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        wait = "import time; print('up', flush=True); time.sleep(60)"
        command = tethered([sys.executable, "-c", wait])
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"up\n"
            child.send_signal(signal.SIGINT)
            assert child.wait(80) == -signal.SIGINT
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_demo_leaves_ignored_what_its_starter_ignores() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            with pytest.raises(Stopped):
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
