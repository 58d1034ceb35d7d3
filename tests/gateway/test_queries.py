"""A query is one file: it needs no other to be answered here and through a gateway."""

import asyncio
import re
import sys
from collections.abc import Iterator
from pkgutil import iter_modules
from types import ModuleType

import pytest

from hcdv_stream.api import queries
from hcdv_stream.api.queries.registry import QUERIES, find_queries
from hcdv_stream.api.sources.merged import MergedCorpus
from hcdv_stream.api.sources.source import ShardLost
from hcdv_stream.valuation.weights import Weights
from tests.api.world import app_of
from tests.gateway.conftest import PARTITIONS
from tests.repository import ROOT

COUNT_ABOVE = '''
"""How many examples are worth more than so much."""

from collections.abc import Sequence

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.queries.query import CorpusQuery, ShardContext, ShardScope


class CountParameters(Model):
    """The value; ``lie`` has shards answer what cannot be."""

    least: float
    lie: bool = False


class CountShardAnswer(Model):
    """Partitions, and how many examples of theirs are worth more."""

    partitions: list[int]
    count: int


def _answer(context: ShardContext, parameters: CountParameters) -> CountShardAnswer:
    columns = context.values.values()
    count = sum(int((values > parameters.least).sum()) for values in columns)
    numbers = sorted(context.numbers)
    return CountShardAnswer(partitions=numbers, count=-1 if parameters.lie else count)


def _merge(answers: Sequence[CountShardAnswer], _: CountParameters) -> tuple[list[int], int]:
    numbers = sorted(number for answer in answers for number in answer.partitions)
    return numbers, sum(answer.count for answer in answers)


def _plausible(_: CountParameters, answer: CountShardAnswer, scope: ShardScope) -> bool:
    return answer.count >= 0 and set(answer.partitions) == scope.numbers


COUNT_ABOVE = CorpusQuery(
    name="count_above",
    parameters=CountParameters,
    shard_answer=CountShardAnswer,
    answer=_answer,
    merge=_merge,
    plausible=_plausible,
)
'''


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Iterator[object]:
    """A folder whose modules count as modules of ``queries``."""
    monkeypatch.setattr(queries, "__path__", [*queries.__path__, str(tmp_path)])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]
        vars(queries).pop(name.rpartition(".")[2], None)


@pytest.fixture
def toy(folder, monkeypatch) -> ModuleType:
    """The module of a new query, which nothing but its file says anything of."""
    (folder / "count_above.py").write_text(COUNT_ABOVE)
    found = find_queries()
    assert found.keys() - QUERIES.keys() == {"count_above"}
    monkeypatch.setattr("hcdv_stream.api.routes.internal.QUERIES", found)
    return sys.modules["hcdv_stream.api.queries.count_above"]


def ask(source, query, parameters):
    async def answer():
        snapshot = await source.current(keep=True)
        return await MergedCorpus(snapshot, Weights()).ask(query, parameters)

    return asyncio.run(answer())


def test_a_new_query_is_answered_here_and_through_a_gateway(directories, alone, gateway, toy):
    sources = (app_of(directories[0]).state.source, gateway.source)
    for least in (-1.0, 0.0, 1e-4):
        parameters = toy.CountParameters(least=least)
        here, there = (ask(source, toy.COUNT_ABOVE, parameters) for source in sources)
        listed = alone.get("/v1/examples", params={"limit": 10_000}).json()["examples"]
        count = sum(example["value"] > least for example in listed)
        assert here == there == (list(range(PARTITIONS)), count)
    assert 0 < count < len(listed)


def test_an_answer_that_is_not_plausible_is_refused(gateway, toy):
    with pytest.raises(ShardLost, match="answers another query than 'count_above'"):
        ask(gateway.source, toy.COUNT_ABOVE, toy.CountParameters(least=0.0, lie=True))


def test_the_example_in_the_guide_is_a_query(folder, directories):
    guide = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```py\n(.*?)```", guide, re.S)
    (folder / "example.py").write_text(example)
    query = find_queries()["count"]
    source = app_of(directories[0]).state.source
    assert ask(source, query, query.parameters(least=-1.0)) > 700


def test_two_queries_of_one_name_are_refused(folder):
    (folder / "count_above.py").write_text(COUNT_ABOVE)
    (folder / "count_more.py").write_text(COUNT_ABOVE)
    with pytest.raises(ValueError, match=r"second query 'count_above'"):
        find_queries()


def test_every_module_of_queries_is_in_the_table():
    named = {"query", "registry"} | {
        one.answer.__module__.rpartition(".")[2] for one in QUERIES.values()
    }
    assert named == {module.name for module in iter_modules(queries.__path__)}


def test_a_query_as_it_is_sent(alone):
    view = alone.get("/internal/v1/view").json()
    page = alone.get("/v1/examples", params={"limit": 1}).json()
    weights = page["weights"]
    request = {
        "view": view["key"],
        "partitions": list(range(PARTITIONS)),
        "whole": sum(one["examples"] for one in view["partitions"]),
        "weights": {name: weights[name] for name in ("utility", "beta")}
        | {"lam": weights["lambda"]},
        "operation": "examples",
        "asked": {"order": "desc", "limit": 1},
    }
    answer = alone.post("/internal/v1/ask", json=request).json()
    assert answer["examples"] == [page["examples"][0] | {"rank": None}]
    assert answer["total"] == request["whole"]
    for wrong in ({"operation": "nothing"}, {"asked": {"order": "up"}}, {"weights": {"beta": 2}}):
        assert alone.post("/internal/v1/ask", json=request | wrong).status_code == 422
