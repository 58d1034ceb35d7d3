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
        answer = client.post("/v1/examples:batchGet", **body)
        assert answer.status_code == 413
        assert answer.json() == {
            "type": "urn:hcdv-stream:problem:body-too-large",
            "title": "Body too large",
            "status": 413,
            "detail": "a body may have 2,000 bytes: ask for fewer examples at once",
            "instance": "/v1/examples:batchGet",
        }
    assert client.post("/v1/examples:batchGet", json={"ids": ["x"]}).status_code == 200


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
    preflight = client.request("OPTIONS", "/v1/examples:batchGet", headers=asked)
    assert (preflight.status_code == 200) == allowed


class Unfinished:
    """A body that stops after so many bytes until its end is set."""

    def __init__(self, size):
        self._size = size
        self.taken, self.end = asyncio.Event(), asyncio.Event()

    async def __aiter__(self):
        yield b"x" * self._size
        self.taken.set()
        await self.end.wait()


async def posted(app, *bodies):
    """Send bodies, or none by GET, all at once."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        asked = [
            _get(client, "/a") if body is None else client.post("/a", content=body)
            for body in bodies
        ]
        return await asyncio.gather(*asked)


async def beside(app, unfinished, *bodies):
    """Send bodies, or none by GET, while others have stopped in the middle; then end those."""
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        waiting = group.create_task(posted(app, *unfinished))
        for body in unfinished:
            await body.taken.wait()
        answers = await posted(app, *bodies)
        for body in unfinished:
            body.end.set()
        return answers, await waiting


async def echo(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": (await receive())["body"]})


def test_a_body_that_does_not_arrive_in_time():
    app = LimitMiddleware(echo, places=4, most_bytes=10, seconds=60.0, body_seconds=0.05)

    async def ask():
        return await asyncio.wait_for(posted(app, Unfinished(1)), 30)

    (answer,) = asyncio.run(ask())
    assert answer.status_code == 408
    assert answer.json()["type"] == "urn:hcdv-stream:problem:body-too-slow"
    assert "0.05 s" in answer.json()["detail"]


def test_bodies_that_are_not_whole_take_no_places():
    app = LimitMiddleware(echo, places=4, most_bytes=10, seconds=60.0, body_seconds=60.0)
    answers, ended = asyncio.run(beside(app, [Unfinished(1) for _ in range(6)], None, b"a", None))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    # All six are whole at the same moment: what is answered at once is bounded then.
    assert {answer.status_code for answer in ended} <= {200, 503}
    assert sum(answer.status_code == 200 for answer in ended) >= 4


def test_bodies_together_take_no_more_memory_than_they_may():
    """With eight places it is that of two of the largest; what ended is given back."""
    app = LimitMiddleware(echo, places=8, most_bytes=10, seconds=60.0, body_seconds=60.0)
    for _ in range(2):
        two = [Unfinished(9), Unfinished(9)]
        (refused,), ended = asyncio.run(beside(app, two, b"xxx"))
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["type"] == "urn:hcdv-stream:problem:too-many-requests-at-once"
        assert [answer.content for answer in ended] == [b"x" * 9] * 2
        (fitting,), ended = asyncio.run(beside(app, [Unfinished(9), Unfinished(9)], b"xx"))
        assert fitting.content == b"xx"
        assert len(ended) == 2
