"""Both clients against a real API: every call, and what it may raise."""

import asyncio
import inspect
import time

import httpx
import orjson
import pyarrow as pa
import pytest

from hcdv_stream.api.models.answers import FreshnessEvent
from hcdv_stream.client import ApiError, AsyncClient, Client, NotReachedError
from hcdv_stream.client.connection import EventReader
from hcdv_stream.state.heartbeat import LogEnd
from hcdv_stream.valuation.weights import Weights
from tests.api.world import expected, ranking


class Awaited:
    """The asynchronous client, called like the synchronous one."""

    def __init__(self, *arguments, **named) -> None:
        self._made = (arguments, named)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __getattr__(self, name):
        def call(*arguments, **named):
            async def run():
                async with AsyncClient(*self._made[0], **self._made[1]) as client:
                    result = getattr(client, name)(*arguments, **named)
                    if inspect.isasyncgen(result):
                        return [each async for each in result]
                    return await result

            return asyncio.run(run())

        return call


@pytest.fixture(params=[Client, Awaited], ids=["synchronous", "asynchronous"])
def client(request, service):
    with request.param(service.address) as client:
        yield client


def test_examples(client, service):
    values = expected(service.owners)
    ranks = ranking(values)
    name = ranks[3]
    assert client.example(name, rank=True).rank == 4
    assert client.example(name).value == values[name][0]
    found = client.examples_by_id([*values, "nobody", name])
    assert {example.id: (example.value, example.stderr) for example in found.values()} == values
    page = client.examples(order="asc", limit=5)
    assert [example.id for example in page.examples] == ranks[::-1][:5]
    assert client.history(name).history[-1].value == values[name][0]


def test_weights_and_conditions(client, service):
    weights = Weights("accuracy", 0.2, 1.0)
    values = expected(service.owners, weights)
    name = next(iter(values))
    answer = client.example(
        name, weights=weights, min_offset={0: 1, 3: 1}, max_lag=1000, max_age=9e4
    )
    assert answer.value == values[name][0]
    assert answer.weights.lam == 1.0
    view = client.summary().as_of.view
    assert client.summary(at=view, complete=True).as_of.view == view


@pytest.mark.parametrize("count", [None, 0, 1, 40])
def test_the_ranking_goes_through_all_pages(client, service, count):
    found = list(client.ranking(count=count))
    assert [example.id for example in found] == ranking(expected(service.owners))[:count]
    buys = list(client.ranking(only={"label": "buy"}, order="asc"))
    assert {example.label for example in buys} == {"buy"}


def test_more_than_a_page_of_coalitions(client):
    every = list(client.all_coalitions())
    assert len(every) == client.coalitions().total
    (root,) = client.coalitions(kind="root", partition=3).coalitions
    assert (root.partition, root.parent) == (3, None)
    assert client.coalition(every[0].id).value == every[0].value


def test_totals(client):
    summary, providers = client.summary(), client.providers()
    assert providers.value == summary.value
    assert sum(payout.amount for payout in client.payouts(12345).payouts) == 12345
    assert None not in {p.provider for p in client.payouts(5, anonymous=False).payouts}
    chosen = client.select(0.25, strategy="top")
    assert chosen.count == round(0.25 * summary.examples)
    assert client.readiness().checks


def test_exports(client, service, tmp_path):
    values = expected(service.owners)
    rows = list(client.rows())
    assert {row["id"]: (row["value"], row["stderr"]) for row in rows} == values
    for format in ("ndjson", "csv", "arrow"):
        path = tmp_path / f"examples.{format}"
        client.export(path, format=format)
        if format == "ndjson":
            assert [orjson.loads(line) for line in path.read_bytes().splitlines()] == rows
        if format == "arrow":
            with pa.ipc.open_stream(path.read_bytes()) as reader:
                assert reader.read_all().to_pylist() == rows
    with pytest.raises(ApiError):
        client.export(tmp_path / "none", at="x")
    assert len(list(tmp_path.iterdir())) == 3


def test_problems(client):
    with pytest.raises(ApiError, match="there is no example 'no/body'") as caught:
        client.example("no/body")
    assert (caught.value.name, caught.value.status) == ("unknown-example", 404)
    with pytest.raises(ApiError) as caught:
        client.summary(at="gone")
    assert caught.value.name == "view-gone"
    with pytest.raises(ApiError) as caught:
        client.select(2.0)
    assert caught.value.problem.errors[0].field == "share"


@pytest.mark.parametrize("kind", [Client, Awaited])
def test_nobody_there(kind):
    with kind("http://127.0.0.1:1") as client:
        with pytest.raises(NotReachedError, match=r"http://127\.0\.0\.1:1.* does not answer"):
            client.summary()
        with pytest.raises(NotReachedError):
            list(client.events())


def test_an_answer_of_something_else():
    transport = httpx.MockTransport(lambda _: httpx.Response(502, text="<html>"))
    with Client("http://proxy", transport=transport) as client, pytest.raises(ApiError) as caught:
        client.summary()
    assert "answered 502, which is none of this API's answers" in str(caught.value)


def test_it_waits_as_long_as_the_api_says():
    answers = iter([httpx.Response(503, headers={"Retry-After": "0"}), httpx.Response(503)])
    transport = httpx.MockTransport(lambda _: next(answers))
    with Client("http://api", transport=transport) as client, pytest.raises(ApiError):
        client.summary()
    assert next(answers, None) is None


def test_the_key_is_shown():
    def answer(request):
        assert request.headers["authorization"] == "Bearer hcdv_x"
        return httpx.Response(503)

    transport = httpx.MockTransport(answer)
    client = Client("http://api", key="hcdv_x", transport=transport)
    with client, pytest.raises(ApiError):
        client.summary()


def test_events_follow_the_state(service):
    owner, refresher = service.owners[0], service.app.state.refresher
    with Client(service.address) as client:
        events = client.events()
        first = next(events)
        owner.apply(owner.batch(5, prefix="event"))
        refresher.look()
        second = next(events)
        events.close()
    assert second.examples == first.examples + 5


def test_lines_become_events():
    reader = EventReader()
    as_of = (
        '{"update": 1, "updates": {}, "offsets": {}, "event_time": 0, "lag": 0, '
        '"age_seconds": 0.5, "checked_at": 2.0, "view": "v", '
        '"corpus": {"complete": true, "begins_at": {}}}'
    )
    data = (
        f'{{"as_of": {as_of}, "examples": 3, "written_at": 1.0, "latency": 0.1, '
        '"missing_partitions": [], "stale_partitions": []}'
    )
    for line in ("retry: 1000", "", ": nothing new", "", "event: update", "id: v", f"data:{data}"):
        assert reader.take(line) is None
    assert reader.take("").examples == 3
    assert reader.headers == {"Last-Event-ID": "v"}


def test_how_current_the_state_is_is_told_as_it_changes(service):
    owner = service.owners[0]
    with Client(service.address) as client:
        changes = client.changes()
        first = next(changes)
        assert first.stale_partitions == []
        owner.beat(released_at=time.time() - 1e6, checked=LogEnd(time.time() - 1e6, owner.offset))
        service.app.state.refresher.look()
        second = next(changes)
        assert isinstance(second, FreshnessEvent)
        assert second.as_of.view == first.as_of.view
        assert second.stale_partitions == [owner.number]
        with pytest.raises(ApiError, match="let it go") as refused:
            client.summary(complete=True)
        assert refused.value.name == "stale"
        owner.beat()
        service.app.state.refresher.look()
        assert next(changes).stale_partitions == []
        changes.close()
