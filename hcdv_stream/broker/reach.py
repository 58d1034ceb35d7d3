"""Whether a broker answers, and whether the addresses that it advertises can be reached from here.

A client asks one of the addresses in HCDV_BOOTSTRAP where the brokers are, and from then on talks
to the addresses that it is given. Where those cannot be reached nothing works, although something
answers at HCDV_BOOTSTRAP; no client library says so.
"""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Collection
from contextlib import suppress

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from hcdv_stream.broker.errors import BrokerError

_CONNECT_SECONDS = 1.0
_PAUSE_SECONDS = 0.1
_ANSWER_SECONDS = 3.0


def check_reach(bootstrap: str, seconds: float) -> None:
    """Wait until a broker answers and can be reached where it says that it is, at most so long.

    Raises BrokerError, which says what cannot be reached and what to mend.
    """
    deadline = time.monotonic() + seconds
    advertised: Collection[str] = ()
    while True:
        if any(map(_connects, bootstrap.split(","))):
            with suppress(KafkaError, TimeoutError):
                advertised = _advertised(bootstrap, max(deadline - time.monotonic(), 1.0))
                if any(map(_is_kafka, advertised)):
                    return
        if time.monotonic() > deadline:
            break
        time.sleep(_PAUSE_SECONDS)
    if advertised:
        raise BrokerError(
            f"HCDV_BOOTSTRAP={bootstrap} answers, but it sends clients to "
            f"{', '.join(sorted(advertised))}, where no Kafka can be reached from here: correct "
            "advertised.listeners in the broker's settings, or make that address reachable"
        )
    raise BrokerError(
        f"no Kafka at HCDV_BOOTSTRAP={bootstrap} within {seconds:g} s: "
        "start the broker or correct the address"
    )


def answers(bootstrap: str, seconds: float) -> bool:
    """Say whether a broker answers a new client within that time."""
    if not any(map(_connects, bootstrap.split(","))):
        return False
    try:
        return any(map(_is_kafka, _advertised(bootstrap, seconds)))
    except (KafkaError, TimeoutError):
        return False


def _advertised(bootstrap: str, seconds: float) -> list[str]:
    """Return the addresses that a broker sends its clients to."""

    async def addresses() -> list[str]:
        client = AIOKafkaClient(
            bootstrap_servers=bootstrap.split(","), request_timeout_ms=int(seconds * 1000)
        )
        try:
            async with asyncio.timeout(seconds):
                await client.bootstrap()
            return [_address(broker.host, broker.port) for broker in client.cluster.brokers()]
        finally:
            await client.close()

    return asyncio.run(addresses())


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_kafka(address: str) -> bool:
    """Say whether a broker answers there; a proxy or another program may accept connections too."""
    this_thread = threading.get_ident()

    def from_elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != this_thread

    client_log = logging.getLogger("aiokafka")
    client_log.addFilter(from_elsewhere)  # the caller reports it in a sentence
    try:
        return _connects(address) and bool(_advertised(address, _ANSWER_SECONDS))
    except (KafkaError, TimeoutError):
        return False
    finally:
        client_log.removeFilter(from_elsewhere)


def _connects(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with (
        suppress(OSError, ValueError),
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS),
    ):
        return True
    return False
