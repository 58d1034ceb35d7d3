"""The embedded broker: up, usable, and gone afterwards, however the parent ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hcdv_stream.broker.embedded import EmbeddedBroker, accepts_connections, free_port
from hcdv_stream.broker.errors import BrokerError

pytestmark = pytest.mark.broker

PARENT = """
import sys, time
from hcdv_stream.broker.embedded import EmbeddedBroker
with EmbeddedBroker() as broker:
    print(broker.pid, broker.bootstrap, flush=True)
    time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_listens_inside_the_context_only():
    with EmbeddedBroker() as broker:
        port = int(broker.bootstrap.rsplit(":", 1)[1])
        pid = broker.pid
        assert accepts_connections(port)
    assert not accepts_connections(port)
    assert not alive(pid)
    with pytest.raises(BrokerError):
        _ = broker.pid


def test_two_run_side_by_side():
    with EmbeddedBroker() as first, EmbeddedBroker() as second:
        assert first.bootstrap != second.bootstrap


def test_a_taken_port_is_refused_and_nothing_is_left():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(BrokerError, match=str(port)):
            EmbeddedBroker(port).__enter__()


def test_takes_the_port_that_it_is_given():
    port = free_port()
    with EmbeddedBroker(port) as broker:
        assert broker.bootstrap == f"127.0.0.1:{port}"


def test_dies_with_a_parent_that_is_killed():
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline().split()[0])
        assert alive(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(pid)
