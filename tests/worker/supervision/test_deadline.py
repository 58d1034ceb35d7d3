"""A worker that cannot stop is ended, and says why it was to stop."""

import subprocess
import sys

STUCK = """
import time
from hcdv_stream.errors import HcdvError
from hcdv_stream.worker.supervision.deadline import end_process_after
end_process_after(0.05, lambda: {reason})
time.sleep(60)
"""


def ended(reason: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", STUCK.format(reason=reason)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)


def test_the_sentence_is_printed_where_the_stop_hangs() -> None:
    done = ended("HcdvError('the log was cut')")
    assert done.returncode == 1
    assert "worker does not stop" in done.stderr
    assert done.stderr.endswith("error: the log was cut\n")


def test_nothing_is_said_where_there_was_no_failure() -> None:
    done = ended("None")
    assert done.returncode == 1
    assert "error:" not in done.stderr
