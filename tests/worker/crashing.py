"""A worker whose agent fails when it has a poll in hand: ``crashing.py bug`` or ``log``."""

import sys
from typing import Any

from hcdv_stream.cli.main import run
from hcdv_stream.worker.kafka.log_range import LogError
from hcdv_stream.worker.partition import Partition

_ERRORS = {"bug": ZeroDivisionError("a bug"), "log": LogError("the log is another one")}


def _crash(error: Exception) -> None:
    def fail(*_: Any) -> None:
        raise error

    Partition.write = fail  # type: ignore[method-assign]
    sys.argv[1:] = ["worker"]
    run()


if __name__ == "__main__":
    _crash(_ERRORS[sys.argv[1]])
