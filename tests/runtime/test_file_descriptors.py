"""The limit of open files is raised by whoever serves."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1000))
from hcdv_stream.runtime.file_descriptors import raise_descriptor_limit
raised = raise_descriptor_limit()
assert raised == raise_descriptor_limit() == 1000
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""

SERVER = """
import os, resource, sys, threading, signal
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1000))
from hcdv_stream.cli.main import run
import hcdv_stream.api.server as server
def listening(*given):
    print(*resource.getrlimit(resource.RLIMIT_NOFILE), flush=True)
    os._exit(0)
server.listen = listening
sys.argv = ["hcdv-stream", *sys.argv[1:]]
run()
"""

WORKER = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1000))
from hcdv_stream.cli.main import run
sys.argv = ["hcdv-stream", "worker", "--bundle", "/nowhere"]
try:
    run()
finally:
    print(*resource.getrlimit(resource.RLIMIT_NOFILE), flush=True)
"""


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        (PROGRAM, []),
        (SERVER, ["api", "--port", "0"]),
        (SERVER, ["gateway", "--sidecars", "http://127.0.0.1:1", "--port", "0"]),
        (WORKER, []),
    ],
    ids=["function", "api", "gateway", "worker"],
)
def test_the_soft_limit_becomes_the_hard_one(program, arguments, tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=tmp_path,
    )
    assert done.stdout.split() == ["1000", "1000"], done.stderr
