"""A real API on a socket of this process, over two partitions."""

from collections.abc import Iterator

import pytest

from tests.api.conftest import grown
from tests.api.serving import served
from tests.api.world import Owner, app_of


class Service:
    """The API's address, its application and the owners of its partitions."""

    def __init__(self, address, app, owners: list[Owner]) -> None:
        self.address = address
        self.app = app
        self.owners = owners


@pytest.fixture(scope="session")
def service(tmp_path_factory) -> Iterator[Service]:
    state_dir = tmp_path_factory.mktemp("served")
    owners = [grown(state_dir, 0, 120), grown(state_dir, 3, 60)]
    app = app_of(state_dir)
    with served(app) as address:
        yield Service(address, app, owners)
    for owner in owners:
        owner.store.close()
