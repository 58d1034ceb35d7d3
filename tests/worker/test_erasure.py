"""A deleted example leaves files, older views and dead letters, on a stream that is quiet."""

from pathlib import Path

import numpy as np
import pytest

from hcdv_stream.api.app import build_app
from hcdv_stream.settings import load_settings
from tests.api.world import Client
from tests.worker.conftest import Workers
from tests.worker.harness import (
    FEATURES,
    WIDTH,
    WorkerProcess,
    consume,
    produce,
    session,
    stored,
    until,
    wait_for_offset,
)

pytestmark = pytest.mark.broker

SECRET = "somebody-who-wants-to-be-forgotten"
PROVIDER = "a-provider-of-one"


def secret() -> tuple[bytes, bytes]:
    """A session far from the others, so that it may found a leaf."""
    features = dict(zip(FEATURES, [-9.75] + [0.125] * (WIDTH - 1), strict=True))
    _, value = session(1, id=SECRET, features=features, provider=PROVIDER)
    return SECRET.encode(), value


def embedding_of(directory: Path) -> bytes:
    """The bytes of the secret's embedding, as float32."""
    partition = stored(directory)
    assert partition is not None
    for leaf in partition.state.leaves.values():
        if SECRET in leaf.examples.ids:
            row: np.ndarray = leaf.examples.embeddings[leaf.examples.ids.index(SECRET)]
            return row.tobytes()
    raise AssertionError("the secret is not there")


def files_with(directory: Path, *needles: bytes) -> list[str]:
    return [
        path.name
        for path in directory.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]


def live(bootstrap: str, topic: str, workers: Workers, **settings: str) -> WorkerProcess:
    """Have a worker take sessions with the secret among them, and stop it: all is in tables."""
    log = [session(number) for number in range(200)]
    produce(bootstrap, topic, [*log, secret(), *(session(n) for n in range(200, 260))])
    worker = workers.start(topic, **settings)
    wait_for_offset(workers.directory / "state" / topic / "0", 261, worker, 40)
    return worker


def test_nothing_is_left_once_it_is_quiet(bootstrap: str, topic: str, workers: Workers) -> None:
    directory = workers.directory / "state" / topic / "0"
    live(bootstrap, topic, workers).stop()
    needles = (SECRET.encode(), embedding_of(directory))
    state_dir = workers.directory / "state"
    app = build_app(load_settings(state_dir=state_dir, topic=topic, erasure_seconds=4.0))
    refresher, client = app.state.refresher, Client(app)
    refresher.look()
    view = client.get("/v1/summary").json()["as_of"]["view"]
    assert client.get(f"/v1/examples/{SECRET}", params={"at": view}).status_code == 200

    worker = workers.start(topic, erasure_seconds="4")
    produce(bootstrap, topic, [(SECRET.encode(), None)])
    wait_for_offset(directory, 262, worker, 40)
    assert files_with(directory, *needles)
    refresher.look()
    assert client.get(f"/v1/examples/{SECRET}", params={"at": view}).status_code == 200
    worker.wait_for("deletions erased", 60)
    assert files_with(directory, *needles) == []
    assert worker.metric("hcdv_erasures_total") == 1
    assert worker.metric("hcdv_erasure_overdue_seconds") == 0

    def gone() -> bool:
        refresher.look()
        return client.get(f"/v1/examples/{SECRET}", params={"at": view}).status_code == 410

    until(gone, 30, "the older view")
    assert client.get(f"/v1/history/{SECRET}").status_code == 404

    # Deleted once more it is unknown: the letter must not bring the id back.
    produce(bootstrap, topic, [(SECRET.encode(), None)])
    wait_for_offset(directory, 263, worker, 40)
    (letter,) = consume(bootstrap, f"{topic}.dlq", 1)
    assert SECRET.encode() not in b"".join([letter.key, *(value for _, value in letter.headers)])
    assert SECRET not in worker.output
    worker.stop()
    assert files_with(workers.directory, *needles) == []


def test_a_killed_worker_s_successor_erases(bootstrap: str, topic: str, workers: Workers) -> None:
    directory = workers.directory / "state" / topic / "0"
    worker = live(bootstrap, topic, workers)
    needles = (SECRET.encode(), embedding_of(directory))
    produce(bootstrap, topic, [(SECRET.encode(), None)])
    wait_for_offset(directory, 262, worker, 40)
    worker.kill()  # mostly before anything of it is gone, but RocksDB may just have merged files
    successor = workers.start(topic, erasure_seconds="2")
    successor.wait_for("deletions erased", 60)
    assert files_with(directory, *needles) == []
    successor.stop()
    assert files_with(directory, *needles) == []
