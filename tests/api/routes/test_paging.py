"""Lists in pages: all of one state, however the state moves on."""

from urllib.parse import urljoin

import pytest

from tests.api.world import Client, Owner, app_of, timeless

INVALID = "urn:hcdv-stream:problem:invalid-request"


@pytest.fixture
def owner(tmp_path):
    owner = Owner(tmp_path, 0)
    owner.apply(owner.batch(120))
    yield owner
    owner.store.close()


def pages(client, path, key, between=lambda: None, **asked):
    """Every page of a list, with what happens between them."""
    found, more = [], {}
    while True:
        answer = client.get(path, params=asked | more)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found.append(body)
        if body["next"] is None:
            assert "link" not in answer.headers
            return found
        assert answer.headers["link"].endswith('; rel="next"')
        link = answer.headers["link"].split(">")[0][1:]
        assert link.startswith("?")  # it holds under any prefix that a proxy cuts off
        linked = client.get(urljoin(path, link)).json()
        assert linked[key] == client.get(path, params=asked | {"cursor": body["next"]}).json()[key]
        more = {"cursor": body["next"]}
        between()


@pytest.mark.parametrize(
    ("path", "key", "asked"),
    [
        ("/v1/examples", "examples", {"limit": 17}),
        ("/v1/examples", "examples", {"limit": 17, "order": "asc", "beta": 1, "lambda": 0}),
        ("/v1/examples", "examples", {"limit": 5, "label": "buy"}),
        ("/v1/coalitions", "coalitions", {"limit": 7}),
        ("/v1/coalitions", "coalitions", {"limit": 1, "kind": "node"}),
    ],
)
def test_pages_are_pinned_to_the_state_of_the_first(tmp_path, owner, path, key, asked):
    app = app_of(tmp_path)
    client = Client(app)
    whole = client.get(path, params=asked | {"limit": 10_000}).json()

    def move():
        owner.apply(owner.batch(20, prefix=f"n{owner.offset}-"))
        assert app.state.refresher.look()

    found = pages(client, path, key, move, **asked)
    assert [entry for page in found for entry in page[key]] == whole[key]
    assert {page["as_of"]["view"] for page in found} == {whole["as_of"]["view"]}
    assert {page["total"] for page in found} == {whole["total"]}
    assert client.get(path, params=asked).json()["as_of"] != whole["as_of"]


def test_a_state_that_is_not_kept_any_more_is_gone(tmp_path, owner):
    app = app_of(tmp_path, api_kept_views=3)
    client = Client(app)
    first = client.get("/v1/examples", params={"limit": 10}).json()
    asked = {"limit": 10, "cursor": first["next"]}
    for _ in range(6):
        owner.apply(owner.batch(5, prefix=f"n{owner.offset}-"))
        app.state.refresher.look()
        client.get("/v1/examples/none")  # nothing goes on from a single example
        assert client.get("/v1/examples", params=asked).status_code == 200
        client.get("/v1/examples")
    for _ in range(3):
        owner.apply(owner.batch(5, prefix=f"n{owner.offset}-"))
        app.state.refresher.look()
        client.get("/v1/examples")
    answer = client.get("/v1/examples", params=asked)
    assert answer.status_code == 410
    assert answer.json() == {
        "type": "urn:hcdv-stream:problem:view-gone",
        "title": "State no longer kept",
        "status": 410,
        "detail": f"the state {first['as_of']['view']!r} is not kept any more: "
        "begin again without cursor and at",
        "instance": "/v1/examples",
    }


def test_other_answers_of_the_same_state(tmp_path, owner):
    app = app_of(tmp_path)
    client = Client(app)
    before = timeless(client.get("/v1/summary").json())
    owner.apply(owner.batch(30, prefix="n"))
    app.state.refresher.look()
    at = {"at": before["as_of"]["view"]}
    again = timeless(client.get("/v1/summary", params=at).json())
    for told, waiting in ((before, 3), (again, 33)):  # of an old state too, the lag is that of now
        assert [told["as_of"].pop("lag"), told["partitions"][0].pop("lag")] == [waiting] * 2
    assert again == before
    assert client.get("/v1/examples/p0n00001").status_code == 200
    assert client.get("/v1/examples/p0n00001", params=at).status_code == 404
    assert client.get("/v1/providers", params=at).json()["value"] == before["value"]
    assert client.get("/v1/summary", params={"at": "x"}).status_code == 410


@pytest.mark.parametrize("cursor", ["", "x", "e30", "ü", "bnVsbA", "A" * 5000])
def test_what_is_no_cursor(tmp_path, owner, cursor):
    client = Client(app_of(tmp_path))
    for path in ("/v1/examples", "/v1/coalitions"):
        answer = client.get(path, params={"cursor": cursor})
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == ["cursor"]


def test_a_cursor_belongs_to_its_list(tmp_path, owner):
    client = Client(app_of(tmp_path))
    cursor = client.get("/v1/examples", params={"limit": 10}).json()["next"]
    for path, asked in (
        ("/v1/examples", {"order": "asc"}),
        ("/v1/examples", {"beta": 1}),
        ("/v1/examples", {"label": "buy"}),
        ("/v1/coalitions", {}),
    ):
        answer = client.get(path, params={"cursor": cursor, **asked})
        assert answer.status_code == 422
        assert answer.json()["detail"] == (
            "cursor: it belongs to a list with other parameters: repeat them"
        )
