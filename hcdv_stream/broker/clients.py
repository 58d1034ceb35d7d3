"""Clients of kafka-python that leave nothing behind where they find no broker.

The library's constructors wait for a broker and raise if none answers. What they had made by then
stays: a thread that runs for ever, and its sockets. A process that asks again and again through an
outage would run out of both.
"""

from collections.abc import Callable
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.net.compat import KafkaNetClient


def open_admin(bootstrap: str, **options: Any) -> Any:
    """Return an admin client; raises the library's KafkaError where no broker answers."""
    return _open(KafkaAdminClient, bootstrap, options)


def open_consumer(bootstrap: str, **options: Any) -> Any:
    """Return a consumer of committed records that commits nothing; raises KafkaError likewise."""
    usual = {"enable_auto_commit": False, "isolation_level": "read_committed"}
    return _open(KafkaConsumer, bootstrap, usual | options)


def open_producer(bootstrap: str, **options: Any) -> Any:
    """Return a producer that never makes a topic; raises KafkaError likewise."""
    return _open(KafkaProducer, bootstrap, {"allow_auto_create_topics": False} | options)


def _open(kind: Callable[..., Any], bootstrap: str, options: dict[str, Any]) -> Any:
    made: list[Any] = []

    def connect(**settings: Any) -> Any:
        made.append(KafkaNetClient(**settings))
        return made[-1]

    try:
        return kind(bootstrap_servers=bootstrap.split(","), kafka_client=connect, **options)
    except BaseException:
        for client in made:
            client.close()
        raise
