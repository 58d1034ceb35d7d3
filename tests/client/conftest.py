"""A real API on a socket of this process, over two partitions."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from hcdv_stream.broker.embedded import free_port
from tests.api.conftest import grown
from tests.api.world import Owner, app_of


class Service:
    """The API's address, its application and the owners of its partitions."""

    def __init__(self, address, app, owners: list[Owner]) -> None:
        self.address = address
        self.app = app
        self.owners = owners


@contextmanager
def served(app) -> Iterator[str]:
    """Serve an application on a free port; yields its address."""
    port = free_port()
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def service(tmp_path_factory) -> Iterator[Service]:
    state_dir = tmp_path_factory.mktemp("served")
    owners = [grown(state_dir, 0, 120), grown(state_dir, 3, 60)]
    app = app_of(state_dir)
    with served(app) as address:
        yield Service(address, app, owners)
    for owner in owners:
        owner.store.close()
