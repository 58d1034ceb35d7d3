"""Exports: the same examples in every format."""

import io

import orjson
import pyarrow as pa
import pyarrow.csv
import pytest

from hcdv_stream.api.queries.rows import EXPORT_SCHEMA
from hcdv_stream.valuation.weights import Weights
from tests.api.world import CLASSES, expected


def table(client, format, **asked):
    answer = client.get("/v1/export", params={"format": format, **asked})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="examples.{format}"'
    return answer


@pytest.fixture
def exported(client):
    with pa.ipc.open_stream(table(client, "arrow").content) as reader:
        return reader.read_all()


def test_every_example_is_there_with_its_value(client, owners, exported):
    values = expected(owners)
    assert exported.schema == EXPORT_SCHEMA
    assert {row["id"]: (row["value"], row["stderr"]) for row in exported.to_pylist()} == values
    for owner in owners:
        corpus = owner.corpus
        rows = [row for row in exported.to_pylist() if row["partition"] == owner.number]
        assert [row["id"] for row in rows] == corpus.ids
        assert [row["label"] for row in rows] == [CLASSES[label] for label in corpus.labels]
        assert [row["provider"] for row in rows] == corpus.providers
        assert [row["leaf"] for row in rows] == [f"p{owner.number}-l{n}" for n in corpus.leaves]


def test_formats_say_the_same(client, exported):
    ndjson = table(client, "ndjson")
    assert ndjson.headers["content-type"] == "application/x-ndjson"
    assert [orjson.loads(line) for line in ndjson.content.splitlines()] == exported.to_pylist()
    csv = table(client, "csv")
    assert csv.headers["content-type"].startswith("text/csv")
    options = pyarrow.csv.ConvertOptions(
        column_types=EXPORT_SCHEMA, strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    read = pyarrow.csv.read_csv(io.BytesIO(csv.content), convert_options=options)
    assert read.to_pylist() == exported.to_pylist()


def test_weights_apply(client, owners):
    values = expected(owners, Weights("accuracy", 0.1, 0.0))
    answer = table(client, "ndjson", utility="accuracy", beta=0.1, **{"lambda": 0})
    for line in answer.content.splitlines():
        row = orjson.loads(line)
        assert (row["value"], row["stderr"]) == values[row["id"]]


def test_a_format_that_there_is_not(client):
    assert client.get("/v1/export", params={"format": "xlsx"}).status_code == 422
