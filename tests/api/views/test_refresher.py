import shutil

import numpy as np
import pytest

from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.valuation.batch import Batch
from tests.api.world import DIMENSIONS, Client, Owner, app_of, expected, timeless


@pytest.fixture
def owner(tmp_path):
    owner = Owner(tmp_path, 0)
    yield owner
    owner.store.close()


def values_of(client, names):
    answer = client.post("/v1/examples:batchGet", json={"ids": list(names)}).json()
    assert answer["missing"] == []
    return {example["id"]: (example["value"], example["stderr"]) for example in answer["examples"]}


def test_every_update_is_followed_through_splits_merges_and_deletions(tmp_path, owner):
    rng = np.random.default_rng(4)
    owner.apply(owner.batch(80))
    app = app_of(tmp_path)
    refresher, client = app.state.refresher, Client(app)
    for step in range(12):
        if step % 4 == 3:
            names = rng.choice(owner.corpus.ids, 60, replace=False).tolist()
            owner.apply(Batch.of_deletions(names, DIMENSIONS))
        else:
            owner.apply(owner.batch(70, prefix=f"s{step % 3}"))
        assert refresher.look()
        assert not refresher.look()
        (partition,) = refresher.view.partitions
        anew = PartitionView.of(0, partition.identity, partition.stored)
        assert partition.id_index == anew.id_index
        assert values_of(client, owner.corpus.ids) == expected([owner])
        assert client.get("/v1/summary").json()["examples"] == len(owner.engine)
    header = owner.engine.header
    assert min(header.split, header.merged, header.spawned, header.replacements) > 0


def test_partitions_come_and_go(tmp_path, owner):
    owner.apply(owner.batch(50))
    app = app_of(tmp_path)
    refresher, client = app.state.refresher, Client(app)
    other = Owner(tmp_path, 12)
    assert not refresher.look()  # it holds no update yet
    other.apply(other.batch(30))
    assert refresher.look()
    owners = [owner, other]
    assert values_of(client, other.corpus.ids) == {
        name: value for name, value in expected(owners).items() if name.startswith("p12")
    }
    other.store.close()
    shutil.rmtree(other.directory)
    assert refresher.look()
    assert values_of(client, owner.corpus.ids) == expected([owner])
    assert list(client.get("/v1/summary").json()["as_of"]["offsets"]) == ["0"]


def test_what_is_no_partition_is_passed_over(tmp_path, owner):
    owner.apply(owner.batch(20))
    (tmp_path / "sessions" / "lost+found").mkdir()
    (tmp_path / "sessions" / "7").mkdir()
    (tmp_path / "sessions" / "8").write_text("")
    app = app_of(tmp_path)
    assert app.state.refresher.unreadiness() is None
    assert [part.number for part in app.state.refresher.view.partitions] == [0]


def test_a_state_that_cannot_be_read_is_told_and_the_last_answer_stays(tmp_path, owner):
    owner.apply(owner.batch(20))
    app = app_of(tmp_path)
    refresher, client = app.state.refresher, Client(app)
    before = timeless(client.get("/v1/summary").json())
    current = owner.directory / "CURRENT"
    kept = current.read_text()
    current.write_text("MANIFEST-999999\n")
    assert not refresher.look()
    assert timeless(client.get("/v1/summary").json()) == before
    ready = client.get("/readyz?verbose")
    assert ready.status_code == 503
    assert "cannot be read now" in ready.json()["detail"]
    assert "hcdv_api_refresh_errors_total 1.0" in client.get("/metrics").text
    current.write_text(kept)
    owner.apply(owner.batch(20, prefix="t"))
    assert refresher.look()
    assert client.get("/readyz").json() == {"status": "ok"}
    assert client.get("/v1/summary").json()["examples"] == 40


def test_no_answer_leaves_out_a_partition_that_was_never_read(tmp_path, owner):
    owner.apply(owner.batch(20))
    other = Owner(tmp_path, 1)
    other.apply(other.batch(20))
    other.store.close()
    (other.directory / "CURRENT").write_text("MANIFEST-999999\n")
    client = Client(app_of(tmp_path))
    answer = client.get("/v1/summary")
    assert answer.status_code == 503
    assert str(other.directory) in answer.json()["detail"]


def test_partitions_computed_differently_are_not_merged(tmp_path, owner):
    owner.apply(owner.batch(20))
    app = app_of(tmp_path)
    other = Owner(tmp_path, 1, bundle="cd" * 16)
    other.apply(other.batch(20))
    other.store.close()
    refresher, client = app.state.refresher, Client(app)
    for _ in range(2):  # it does not forget
        refresher.look()
        detail = client.get("/readyz?verbose").json()["detail"]
        assert "partitions 0 and 1 were computed differently (bundle was 'abab" in detail
    assert client.get("/v1/summary").json()["examples"] == 20
    shutil.rmtree(other.directory)
    assert refresher.look()
    assert client.get("/readyz").status_code == 200
