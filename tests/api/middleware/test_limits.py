"""What requests may take, and which pages may ask."""

import asyncio

import httpx
import pytest

from hcdv_stream.api.middleware.limits import LimitMiddleware
from tests.api.world import Client, app_of


def test_a_body_that_is_too_large(state_dir, owners):
    client = Client(app_of(state_dir, api_max_body_bytes=2000))

    async def parts():
        for _ in range(30):
            yield b" " * 100

    large = [{"content": b" " * 2001}, {"content": parts()}]
    for body in large:
        answer = client.post("/v1/points:batchGet", **body)
        assert answer.status_code == 413
        assert answer.json() == {
            "type": "urn:hcdv-stream:problem:body-too-large",
            "title": "Body too large",
            "status": 413,
            "detail": "a body may have 2,000 bytes: ask for fewer points at once",
            "instance": "/v1/points:batchGet",
        }
    assert client.post("/v1/points:batchGet", json={"ids": ["x"]}).status_code == 200


async def _get(client, path):
    return await client.get(path)


def together(app, paths):
    """Ask for all at once."""

    async def ask():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await asyncio.gather(*(_get(client, path) for path in paths))

    return asyncio.run(ask())


async def slow(scope, receive, send):
    await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_so_many_requests_at_once():
    app = LimitMiddleware(slow, places=3, most_bytes=10, seconds=5.0)
    statuses = [answer.status_code for answer in together(app, ["/a"] * 5 + ["/livez"] * 2)]
    assert sorted(statuses[:5]) == [200, 200, 200, 503, 503]
    assert statuses[5:] == [200, 200]
    refused = next(each for each in together(app, ["/a"] * 4) if each.status_code == 503)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["type"] == "urn:hcdv-stream:problem:too-many-requests-at-once"
    assert [each.status_code for each in together(app, ["/a"] * 3)] == [200] * 3


def test_streams_do_not_take_all_places():
    app = LimitMiddleware(slow, places=4, most_bytes=10, seconds=5.0)
    statuses = [each.status_code for each in together(app, ["/v1/events"] * 4 + ["/a"] * 2)]
    assert sorted(statuses[:4]) == [200, 200, 503, 503]
    assert statuses[4:] == [200, 200]


def test_an_answer_that_does_not_begin_in_time():
    app = LimitMiddleware(slow, places=4, most_bytes=10, seconds=0.05)
    (answer,) = together(app, ["/a"])
    assert answer.status_code == 504
    assert answer.json() == {
        "type": "urn:hcdv-stream:problem:too-slow",
        "title": "It took too long",
        "status": 504,
        "detail": "no answer began within 0.05 s: ask for less, or raise HCDV_API_TIMEOUT_SECONDS",
        "instance": "/a",
    }


def test_an_answer_that_has_begun_may_take_long():
    async def begun(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.1)
        await send({"type": "http.response.body", "body": b"whole"})

    (answer,) = together(LimitMiddleware(begun, places=4, most_bytes=10, seconds=0.05), ["/a"])
    assert answer.text == "whole"


def test_no_other_page_may_read_answers_by_default(state_dir, owners):
    answer = Client(app_of(state_dir)).get("/v1/summary", headers={"Origin": "https://shop"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("origin", "allowed"), [("https://shop", True), ("https://x", False)])
def test_pages_that_may(state_dir, owners, origin, allowed):
    client = Client(app_of(state_dir, api_cors_origins="https://shop, https://b/"))
    answer = client.get("/v1/summary", headers={"Origin": origin})
    assert (answer.headers.get("access-control-allow-origin") == origin) == allowed
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,if-none-match",
    }
    preflight = client.request("OPTIONS", "/v1/points:batchGet", headers=asked)
    assert (preflight.status_code == 200) == allowed
