"""Error bodies, word for word: clients read them."""

import pytest

from hcdv_stream.valuation.config import EngineConfig
from tests.api.world import Client, Owner, app_of

INVALID = "urn:hcdv-stream:problem:invalid-request"


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.json()


def test_an_unknown_example(client):
    assert problem(client.get("/v1/examples/no-such")) == {
        "type": "urn:hcdv-stream:problem:unknown-example",
        "title": "Unknown example",
        "status": 404,
        "detail": "there is no example 'no-such' in the corpus as of now",
        "instance": "/v1/examples/no-such",
    }


def test_an_unknown_coalition(client):
    assert problem(client.get("/v1/coalitions/p7-n1")) == {
        "type": "urn:hcdv-stream:problem:unknown-coalition",
        "title": "Unknown coalition",
        "status": 404,
        "detail": "there is no coalition 'p7-n1' in the corpus as of now",
        "instance": "/v1/coalitions/p7-n1",
    }


def test_an_unknown_path(client):
    assert problem(client.get("/v2/examples")) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "GET /v2/examples: Nothing matches the given URI",
        "instance": "/v2/examples",
    }


def test_a_method_that_is_not_there(client):
    answer = client.request("DELETE", "/v1/summary")
    assert problem(answer) == {
        "type": "about:blank",
        "title": "Method Not Allowed",
        "status": 405,
        "detail": "DELETE /v1/summary: Specified method is invalid for this resource",
        "instance": "/v1/summary",
    }
    assert answer.headers["allow"] == "GET"
    assert client.request("DELETE", "/v1/payouts").headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "path", ["examples/p0s00007", "examples", "coalitions", "summary", "export", "events", "tree"]
)
def test_a_parameter_that_is_not_there_is_not_ignored(client, path):
    found = problem(client.get(f"/v1/{path}?lamda=0.5"))
    assert (found["status"], found["type"]) == (422, INVALID)
    assert found["detail"].startswith("lamda: there is no such parameter; there are ")


@pytest.mark.parametrize("path", ["examples/x", "examples", "coalitions", "providers", "summary"])
def test_weights_that_cannot_be_used(client, path):
    answer = client.get(f"/v1/{path}", params={"beta": 3, "lambda": "inf"})
    assert problem(answer) == {
        "type": INVALID,
        "title": "Invalid request",
        "status": 422,
        "detail": "beta: '3' cannot be used: choose at most 1; "
        "lambda: 'inf' cannot be used: give a finite number",
        "instance": f"/v1/{path}",
        "errors": [
            {"field": "beta", "detail": "'3' cannot be used: choose at most 1"},
            {"field": "lambda", "detail": "'inf' cannot be used: give a finite number"},
        ],
    }


@pytest.mark.parametrize(
    ("utility", "detail"),
    [
        ("class:sold", "utility names the class 'sold'; there are bounce, buy, return"),
        ("profit", "utility must be balanced, accuracy or class:<label>, got 'profit'"),
        ("", "utility must be balanced, accuracy or class:<label>, got ''"),
    ],
)
def test_a_utility_that_is_not_there(client, utility, detail):
    answer = client.get("/v1/summary", params={"utility": utility})
    assert problem(answer)["errors"] == [{"field": "utility", "detail": detail}]
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 10_001}, "limit"),
        ({"order": "up"}, "order"),
        ({"beta": "nan"}, "beta"),
        ({"lambda": -1}, "lambda"),
        ({"weights": "payout", "beta": 0.1}, "beta"),
        ({"weights": "payout", "lambda": 0.1}, "lambda"),
    ],
)
def test_each_refusal_names_its_parameter(client, asked, field):
    answer = client.get("/v1/examples", params=asked)
    assert [error["field"] for error in problem(answer)["errors"]] == [field]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b'{"ids": []}', "ids"),
        (b'{"ids": ["a", 2]}', "ids.1"),
        (b'{"ids": ["a"], "more": 1}', "more"),
        (b'{"ids": [' + b'"a",' * 1000 + b'"a"]}', "ids"),
    ],
)
def test_a_batch_that_cannot_be_read(client, body, field):
    headers = {"content-type": "application/json"}
    answer = client.post("/v1/examples:batchGet", content=body, headers=headers)
    assert [error["field"] for error in problem(answer)["errors"]] == [field]
    assert answer.status_code == 422


def test_no_state_yet(tmp_path):
    client = Client(app_of(tmp_path))
    assert str(tmp_path) not in client.get("/readyz").text
    for path in ("/v1/summary", "/v1/examples/x", "/readyz"):
        answer = client.get(path, params={"verbose": ""} if path == "/readyz" else {})
        told = problem(answer)
        told.pop("checks", None)
        assert told == {
            "type": "urn:hcdv-stream:problem:no-state",
            "title": "No state to answer from",
            "status": 503,
            "detail": f"no update was found under {tmp_path}/sessions yet: see that the worker "
            "runs with the same HCDV_STATE_DIR and HCDV_TOPIC, and that sessions arrive",
            "instance": path,
        }
        assert answer.headers["retry-after"] == "1"
    assert client.get("/livez").json() == {"status": "ok"}


def test_an_error_that_was_not_foreseen_says_nothing_of_the_inside(tmp_path):
    app = app_of(tmp_path)
    app.state.refresher.view = object()
    client = Client(app, raise_app_exceptions=False)
    assert problem(client.get("/v1/summary")) == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "an error that was not foreseen; the log of the API has it",
        "instance": "/v1/summary",
    }


def test_a_game_that_fixed_its_weights_takes_no_others(tmp_path):
    config = EngineConfig(game="algorithm1", leaf_size=8, tau=0.5, update_size=30, merge_below=2)
    owner = Owner(tmp_path, 0, config)
    owner.apply(owner.batch(60))
    client = Client(app_of(tmp_path))
    summary = client.get("/v1/summary").json()
    assert summary["weights"] is None
    assert summary["game"] == "algorithm1"
    assert summary["examples"] == 60
    assert summary["residual"] <= 1e-9
    assert len(client.get("/v1/examples", params={"limit": 5}).json()["examples"]) == 5
    answer = client.get("/v1/summary", params={"beta": 0.5})
    assert answer.status_code == 422
    assert problem(answer)["errors"] == [
        {
            "field": "beta",
            "detail": "utility, beta and lambda were fixed when algorithm1 was played",
        }
    ]
    answer = client.get("/v1/summary", params={"weights": "payout"})
    (error,) = problem(answer)["errors"]
    assert error["field"] == "weights"
    assert error["detail"].startswith("payouts need the game routed, got algorithm1")
    owner.store.close()


@pytest.mark.parametrize("path", ["/v1/summary/", "/livez/", "/metrics/", "/v1/examples:get/?id=x"])
def test_a_slash_too_many_leads_nowhere(client, path):
    """A redirect would name whatever Host was sent, and would be to plain HTTP."""
    answer = client.get(path, headers={"Host": "localhost:99"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/v1/examples:batchGet", "/v1/payouts?amount=5", "/internal/v1/ask"],
)
@pytest.mark.parametrize(
    "body",
    [
        rb'{"ids": ["\ud800"], "balances": [{"provider": "\ud800", "balance": -5}]}',
        rb'{"\ud800": 1}',
        rb'{"balances": [{"provider": "a", "balance": -5, "balance": -9}]}',
        rb'{"ids": ["a"], "ids": ["b"], "balances": [], "balances": []}',
        b'{"balances": [{"provider": "a", "balance": NaN}]}',
        b'{"ids": ["\xff"]}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_means_no_one_thing(client, path, body):
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert problem(answer)["type"] == INVALID


def test_a_parameter_given_twice(client):
    for path in ("/v1/payouts?amount=1&amount=9", "/v1/summary?max_lag=0&max_lag=0"):
        answer = client.get(path)
        assert answer.status_code == 422
        (one,) = problem(answer)["errors"]
        assert (one["field"], one["detail"]) == (
            path.partition("?")[2].partition("=")[0],
            "it is given twice: give it once",
        )
    assert client.get("/v1/summary?min_offset=0:0&min_offset=1:0").status_code != 422
