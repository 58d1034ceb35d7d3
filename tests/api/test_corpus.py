"""What lacks its log's beginning is said in every answer, and is no ground to pay by; what lies in
the wrong place does not count."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from hcdv_stream.state import LogIdentity
from tests.api.world import LOG, TOPIC, Client, Owner, app_of

TRUNCATED = LogIdentity(LOG.topic_id, LOG.partitions, 120, complete=False)
PATHS = [
    "/v1/examples?",
    "/v1/providers?",
    "/v1/summary?",
    "/v1/suspects?",
    "/v1/select?share=0.5&",
    "/v1/coalitions?",
    "/v1/export?",
]


def written(directory: Path, number: int, log: LogIdentity | None = LOG) -> Owner:
    owner = Owner(directory, number, log=log)
    owner.apply(owner.batch(60))
    owner.store.close()
    return owner


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    """Partition 0 is whole, 1 is truncated, 2 does not say."""
    directory = tmp_path_factory.mktemp("truncated")
    for number, log in enumerate((LOG, TRUNCATED, None)):
        written(directory, number, log)
    return directory


@pytest.fixture(scope="module")
def app(directory):
    return app_of(directory)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_says_that_the_corpus_is_truncated(app, path):
    answer = Client(app).get(path)
    assert answer.status_code == 200
    assert answer.headers["HCDV-Truncated-Partitions"] == "1,2"
    if not path.startswith("/v1/export"):
        corpus = answer.json()["as_of"]["corpus"]
        assert corpus == {"complete": False, "begins_at": {"0": 0, "1": 120, "2": None}}


def test_the_summary_says_it_of_each_partition(app):
    parts = Client(app).get("/v1/summary").json()["partitions"]
    assert [(part["begins_at"], part["complete"]) for part in parts] == [
        (0, True),
        (120, False),
        (None, False),
    ]


@pytest.mark.parametrize(
    "path", [*(f"{path}complete=true" for path in PATHS), "/v1/payouts?amount=5"]
)
def test_payouts_and_what_is_to_be_complete_are_refused(app, path):
    answer = Client(app).get(path)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:hcdv-stream:problem:truncated-corpus"
    assert (
        "partition 1 (from offset 120 on), 2 (from an unknown offset on)"
        in (answer.json()["detail"])
    )


def test_a_metric_counts_the_truncated_partitions(app):
    text = generate_latest(app.state.metrics.registry).decode()
    assert "hcdv_api_truncated_partitions 2.0" in text


def test_a_whole_corpus_pays_and_says_nothing_in_its_headers(tmp_path):
    written(tmp_path, 0)
    client = Client(app_of(tmp_path))
    answer = client.get("/v1/payouts?amount=5&complete=true")
    assert answer.status_code == 200
    assert answer.json()["as_of"]["corpus"] == {"complete": True, "begins_at": {"0": 0}}
    assert "HCDV-Truncated-Partitions" not in answer.headers


def test_the_same_writes_of_a_truncated_state_are_another_view(tmp_path):
    """Or a client would keep what it had, and be told that nothing has changed."""
    tags = []
    for name, log in (("whole", LOG), ("truncated", TRUNCATED)):
        written(tmp_path / name, 0, log)
        tags.append(Client(app_of(tmp_path / name)).get("/v1/providers").headers["ETag"])
    assert tags[0] != tags[1]


def test_a_state_copied_under_another_number_does_not_count(tmp_path):
    written(tmp_path, 0)
    shutil.copytree(tmp_path / TOPIC / "0", tmp_path / TOPIC / "1")
    client = Client(app_of(tmp_path))
    summary = client.get("/v1/summary").json()
    assert summary["examples"] == 60
    assert [part["partition"] for part in summary["partitions"]] == [0]
    ready = client.get("/readyz?verbose")
    assert ready.status_code == 503
    assert "holds the state of partition 0 of topic 'sessions', not of partition 1" in ready.text


def test_a_state_replaced_by_a_copy_while_the_api_runs_does_not_count(tmp_path):
    written(tmp_path, 0)
    written(tmp_path, 1)
    app = app_of(tmp_path)
    assert Client(app).get("/v1/summary").json()["examples"] == 120
    shutil.rmtree(tmp_path / TOPIC / "1")
    shutil.copytree(tmp_path / TOPIC / "0", tmp_path / TOPIC / "1")
    app.state.refresher.look()
    app.state.refresher.look()
    assert Client(app).get("/v1/summary").json()["examples"] == 60
    assert Client(app).get("/readyz").status_code == 503


def test_the_state_of_another_topic_does_not_count(tmp_path):
    written(tmp_path, 0)
    other = Owner(tmp_path / "elsewhere", 1, topic="clicks")
    other.apply(other.batch(10))
    other.store.close()
    (tmp_path / "elsewhere" / "clicks" / "1").rename(tmp_path / TOPIC / "1")
    client = Client(app_of(tmp_path))
    assert client.get("/v1/summary").json()["examples"] == 60
    told = client.get("/readyz?verbose").text
    assert "partition 1 of topic 'clicks', not of partition 1 of topic 'sessions'" in told


@pytest.mark.parametrize("other", [replace(LOG, topic_id="anew"), replace(LOG, partitions=8)])
def test_states_of_different_topics_of_one_name_are_not_merged(tmp_path, other):
    written(tmp_path, 0)
    written(tmp_path, 1, other)
    app = app_of(tmp_path)
    assert Client(app).get("/v1/summary").status_code == 503
    assert "different topics of the same name" in app.state.refresher.problem
