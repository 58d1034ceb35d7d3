"""Four partitions: all in one state directory, and the same two by two in two others.

The gateway asks real APIs, whose requests go to them directly instead of through sockets.
"""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from hcdv_stream.broker.partitioner import partition_of
from hcdv_stream.gateway.app import build_gateway
from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.batch import Batch
from tests.api.world import CLASSES, DIMENSIONS, FOUR, TOPIC, Client, Owner, app_of
from tests.valuation.worlds import batch_of

ADDRESSES = ("http://left", "http://right")
PARTITIONS = 4


class Gateway(Client):
    """A gateway over applications; ``stop`` makes one of them unreachable."""

    def __init__(
        self, apps: dict[str, object], addresses: tuple[str, ...] = ADDRESSES, **settings: object
    ) -> None:
        self.apps = dict(apps)
        settings = {"partitions": PARTITIONS, "api_stale_seconds": 100_000.0, **settings}
        chosen = load_settings(gateway_sidecars=",".join(addresses), **settings)
        super().__init__(app := build_gateway(chosen))
        self.source = app.state.source
        self._route()

    def _route(self) -> None:
        """Lead the gateway's own requests to the applications; a client is of one event loop."""
        for sidecar in self.source._sidecars:
            sidecar._client = _Direct(self.apps, self.source._client.headers)

    def stop(self, address: str) -> None:
        self.apps.pop(address)
        self._route()
        self.source.forget()


class _Direct:
    def __init__(self, apps, headers):
        self._apps = apps
        self._headers = headers

    @asynccontextmanager
    async def stream(self, method, url, **asked):
        address = url[: url.index("/", 8)]
        if address not in self._apps:
            raise httpx.ConnectError("All connection attempts failed")
        transport = httpx.ASGITransport(self._apps[address])
        async with (
            httpx.AsyncClient(transport=transport, headers=self._headers) as client,
            client.stream(method, url, **asked) as answer,
        ):
            yield answer


def batches(count: int, seed: int) -> dict[int, Batch]:
    """Examples of every partition, each in the partition that Kafka puts its id in."""
    every = batch_of(count, len(CLASSES), DIMENSIONS, np.random.default_rng(seed), prefix="s")
    homes = [partition_of(name, PARTITIONS) for name in every.ids]
    found = {}
    for number in range(PARTITIONS):
        rows = [row for row, home in enumerate(homes) if home == number]
        found[number] = Batch(
            [every.ids[row] for row in rows],
            every.labels[rows],
            [every.providers[row] for row in rows],
            every.timestamps[rows],
            every.embeddings[rows],
            doubts=every.doubts[rows],
        )
    return found


@pytest.fixture(scope="session")
def directories(tmp_path_factory) -> tuple[Path, Path, Path]:
    """State directories: of all four partitions, of 0 and 2, of 1 and 3."""
    whole = tmp_path_factory.mktemp("whole")
    left, right = tmp_path_factory.mktemp("left"), tmp_path_factory.mktemp("right")
    for number, batch in batches(900, 3).items():
        owner = Owner(whole, number, log=FOUR)
        owner.apply(batch)
        owner.apply(batches(250, 4)[number])
        gone = [name for name in batch.ids if name.endswith("7")]
        owner.apply(Batch.of_deletions(gone, DIMENSIONS), written_at=100.0 + number)
        owner.store.close()
        side = (left, right)[number % 2]
        shutil.copytree(whole / TOPIC / str(number), side / TOPIC / str(number))
    return whole, left, right


@pytest.fixture(scope="session")
def alone(directories) -> Client:
    return Client(app_of(directories[0]))


@pytest.fixture(scope="session")
def apps(directories) -> dict[str, object]:
    """The applications over the two halves, which no question changes."""
    return dict(zip(ADDRESSES, map(app_of, directories[1:]), strict=True))


@contextmanager
def gateway_of(apps: dict[str, object]) -> Iterator[Gateway]:
    """Build a gateway that is closed in the end."""
    gateway = Gateway(apps)
    yield gateway
    asyncio.run(gateway.source._client.aclose())


@pytest.fixture
def gateway(apps) -> Iterator[Gateway]:
    with gateway_of(apps) as gateway:
        yield gateway
