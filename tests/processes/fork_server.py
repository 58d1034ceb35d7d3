"""A program that has loaded the services and forks one for every request.

Started afresh, a worker, an API or a gateway takes a second of a processor to load its modules. A
fork of a process that has them is the same program with a process id, signals, environment, open
files and a working directory of its own. The server runs nothing but imports, in one thread, so a
fork copies no lock that is held and no connection. It dies with the tests, and its forks with it.

It runs as ``fork_server.py DESCRIPTOR NAME``: a Unix socket, and which of LOADED to load. A request
has a JSON head, and as open files standard input, output, error, and the pipe that the exit status
goes to. The answer is the process id.
"""

import ctypes
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

_SERVICES = (
    "hcdv_stream.cli.commands.worker",
    "hcdv_stream.cli.commands.api",
    "hcdv_stream.cli.commands.gateway",
    "hcdv_stream.cli.main",
    "hcdv_stream.worker.run",
    "hcdv_stream.api.server",
    "hcdv_stream.gateway.app",
)
_TRAINING = (
    "torch._dynamo",  # which every optimiser loads
    "hcdv_stream.bundle.training",
    "hcdv_stream.cli.commands.demo",
    "hcdv_stream.cli.commands.train",
    "hcdv_stream.demo.performance",
    "hcdv_stream.simulators.clickstream",
)
LOADED = {"services": _SERVICES, "training": (*_SERVICES, *_TRAINING)}
LARGEST_REQUEST = 1 << 20
_PR_SET_PDEATHSIG = 1


def _serve(requests: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork for every request; return in the forks only, with the request and its open files."""
    status_pipes: dict[int, tuple[int, int]] = {}  # by the descriptor of the fork that has ended
    with selectors.DefaultSelector() as ready:
        ready.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fd != requests.fileno():
                    ready.unregister(key.fd)
                    os.close(key.fd)
                    _report(*status_pipes.pop(key.fd))
                    continue
                head, files, _, _ = socket.recv_fds(requests, LARGEST_REQUEST, 4)
                if not head:
                    sys.exit()
                if not (fork := os.fork()):
                    return json.loads(head), files
                for file in files[:3]:
                    os.close(file)
                ended = os.pidfd_open(fork)
                status_pipes[ended] = (fork, files[3])
                ready.register(ended, selectors.EVENT_READ)
                requests.send(str(fork).encode())


def _report(fork: int, pipe: int) -> None:
    """Say how a fork has ended to whoever asked for it, if that one still listens."""
    _, status = os.waitpid(fork, 0)
    try:
        os.write(pipe, str(os.waitstatus_to_exitcode(status)).encode())
    except BrokenPipeError:
        pass
    finally:
        os.close(pipe)


def _become(server: int, request: dict[str, Any], files: list[int]) -> NoReturn:
    """Run the command line as if this process had been started for it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != server:  # it died before the kernel was asked
        os._exit(1)
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    os.closerange(3, max(int(file.name) for file in Path("/proc/self/fd").iterdir()) + 1)
    if limit := request["descriptors"]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    tempfile.tempdir = None  # the server's, if a module has asked for it
    os.chdir(request["directory"])
    sys.argv = ["hcdv-stream", *request["arguments"]]
    from hcdv_stream.__main__ import main

    main()
    sys.exit()


if __name__ == "__main__":
    for module in LOADED[sys.argv[2]]:
        importlib.import_module(module)
    gc.freeze()
    _become(os.getpid(), *_serve(socket.socket(fileno=int(sys.argv[1]))))
