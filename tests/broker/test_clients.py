"""A client that finds no broker leaves neither thread nor socket behind."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from hcdv_stream.broker import clients
from hcdv_stream.broker.clients import open_admin, open_consumer, open_producer


@contextmanager
def deaf_server() -> Iterator[str]:
    """Accept connections and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("opened", [open_admin, open_consumer, open_producer])
def test_a_constructor_that_raises_leaves_nothing_behind(
    opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[Any]()

    def remember(**settings: Any) -> Any:
        made.append(KafkaNetClient(**settings))
        return made[-1]

    monkeypatch.setattr(clients, "KafkaNetClient", remember)
    before = set(threading.enumerate())
    with deaf_server() as address, pytest.raises(KafkaError):
        opened(address, bootstrap_timeout_ms=200)
    (client,) = made
    assert client._net._wakeup_r.fileno() == -1, "the socket is closed"
    assert set(threading.enumerate()) <= before, "the thread has ended"


def test_a_consumer_takes_what_is_committed_and_commits_nothing(bootstrap: str) -> None:
    with closing(open_consumer(bootstrap)) as consumer:
        assert consumer.config["isolation_level"] == "read_committed"
        assert consumer.config["enable_auto_commit"] is False
