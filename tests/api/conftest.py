"""Two partitions of different sizes that have seen additions, replacements and deletions."""

from collections.abc import Iterator

import pytest

from hcdv_stream.valuation.batch import Batch
from tests.api.world import DIMENSIONS, Client, Owner, app_of


def grown(state_dir, number, count) -> Owner:
    owner = Owner(state_dir, number)
    owner.apply(owner.batch(count))
    owner.apply(owner.batch(count // 3))
    gone = [f"p{number}s{place:05d}" for place in range(0, count, 9)]
    owner.apply(Batch.of_deletions(gone, DIMENSIONS))
    return owner


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def owners(state_dir) -> Iterator[list[Owner]]:
    owners = [grown(state_dir, 0, 200), grown(state_dir, 3, 90)]
    yield owners
    for owner in owners:
        owner.store.close()


@pytest.fixture(scope="module")
def client(state_dir, owners) -> Client:
    return Client(app_of(state_dir))
