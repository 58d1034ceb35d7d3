"""What someone without a key takes and learns: nothing."""

import asyncio

import httpx
import pytest

from hcdv_stream.api.middleware.api_keys import KeyFile, Scope
from hcdv_stream.api.middleware.auth import KeyMiddleware
from hcdv_stream.api.middleware.limits import LimitMiddleware
from tests.api.middleware.test_auth import bearer, keyed  # noqa: F401 (a fixture)
from tests.api.world import Client, app_of


def test_refusals_are_counted_under_the_route_that_was_asked(state_dir, owners, keyed):  # noqa: F811
    client = Client(app_of(state_dir, api_keys=keyed[0]))
    reader = bearer(keyed[1][Scope.READ])
    for path in (
        "/v1/examples/a",
        "/v1/examples/b",
        "/v1/nothing/x",
        "/v1/nothing/y",
        "/v1/examples:get",
    ):
        assert client.get(path).status_code == 401
    assert client.get("/v1/export", headers=reader).status_code == 403
    assert client.request("PROPFIND", "/v1/summary").status_code == 401
    client.request("X" * 50, "/v1/summary")
    text = client.get("/metrics", headers=bearer(keyed[1][Scope.METRICS])).text

    def count(route, status, method="GET"):
        labels = f'method="{method}",route="{route}",status="{status}"'
        return f"hcdv_api_requests_total{{{labels}}}" in text

    assert count("/v1/examples/{id:path}", 401)
    assert count("/v1/examples:get", 401)
    assert count("/v1/export", 403)
    assert count("unmatched", 401)
    assert count("/v1/summary", 401, "other")
    assert "nothing" not in text
    assert "XXX" not in text


def test_without_a_key_neither_a_place_is_taken_nor_a_body_read(keyed):  # noqa: F811
    """Requests without a key whose bodies never end, beside one with a key."""
    path, secrets = keyed

    async def inner(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    app = KeyMiddleware(
        LimitMiddleware(inner, places=2, most_bytes=1000, seconds=5.0), KeyFile(path)
    )
    read = []

    async def never():
        read.append(1)
        await asyncio.Event().wait()
        yield b""

    async def ask():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client:
            strangers = [client.post("/v1/examples:batchGet", content=never()) for _ in range(20)]
            with_key = client.get("/v1/summary", headers=bearer(secrets[Scope.READ]))
            return await asyncio.wait_for(asyncio.gather(*strangers, with_key), 5)

    *strangers, with_key = asyncio.run(ask())
    assert {answer.status_code for answer in strangers} == {401}
    assert not read
    assert with_key.text == "in"


def test_the_application_looks_at_the_key_before_anything_else(state_dir, owners, keyed):  # noqa: F811
    app = app_of(state_dir, api_keys=keyed[0], api_max_requests=2)
    read = []

    async def never():
        read.append(1)
        await asyncio.Event().wait()
        yield b""

    async def ask():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client:
            strangers = [client.post("/v1/examples:batchGet", content=never()) for _ in range(9)]
            return await asyncio.wait_for(asyncio.gather(*strangers), 5)

    assert {answer.status_code for answer in asyncio.run(ask())} == {401}
    assert not read


@pytest.mark.parametrize("spoilt", [True, False])
def test_readiness_names_no_path_to_strangers(tmp_path, keyed, spoilt):  # noqa: F811
    place = tmp_path / "secret-place"
    if spoilt:
        (place / "sessions" / "0").mkdir(parents=True)
        (place / "sessions" / "0" / "CURRENT").write_text("no state")
    app = app_of(place, api_keys=keyed[0])
    client = Client(app)
    for path in ("/readyz", "/livez", "/readyz?verbose", "/v1/summary"):
        answer = client.get(path)
        assert answer.status_code in {503, 401, 200}
        assert "secret-place" not in answer.text
        assert str(tmp_path) not in answer.text
    verbose = client.get("/readyz?verbose", headers=bearer(keyed[1][Scope.METRICS]))
    assert verbose.status_code == 503
    assert str(place) in verbose.text
