import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from hcdv_stream.offline.tables import TableError, read_table, write_table


def read(tmp_path, name, content, **options):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return read_table(path, **options)


def test_csv_columns_are_what_they_look_like(tmp_path):
    table = read(tmp_path, "t.csv", "n,x,flag,word\n1,0.5,TRUE,a\n2,3,FALSE,b\n")
    assert [str(kind) for kind in table.schema.types] == ["int64", "double", "bool", "string"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_seen(tmp_path, delimiter):
    text = "\n".join(delimiter.join(row) for row in (["a", "b"], ["1", "x"])) + "\n"
    assert read(tmp_path, "t.csv", text).to_pylist() == [{"a": 1, "b": "x"}]


def test_gaps_and_spaces(tmp_path):
    table = read(tmp_path, "t.csv", "a, b,c\n1, x ,?\n, ?,NaN\nNA,y,2.5\n".replace(" b", "b"))
    assert table.to_pydict() == {
        "a": [1, None, None],
        "b": ["x", None, "y"],
        "c": [None, None, 2.5],
    }


def test_text_columns_stay_as_written(tmp_path):
    text = "\ufeffid,label,x\n007,NA,NA\n8,TRUE,1\n,,2\n"
    table = read(tmp_path, "t.csv", text, text=["id", "label", "absent"])
    assert table["id"].to_pylist() == ["007", "8", None]
    assert table["label"].to_pylist() == ["NA", "TRUE", None]
    assert table["x"].to_pylist() == [None, 1, 2]


def test_ndjson(tmp_path):
    table = read(tmp_path, "t.ndjson", '{"a":1,"b":"x"}\n{"a":2.5,"b":null}\n')
    assert table.to_pylist() == [{"a": 1.0, "b": "x"}, {"a": 2.5, "b": None}]


def test_sessions_as_on_the_topic_are_unpacked(tmp_path):
    line = '{"id":"1","features":{"x":1.5,"y":"b"},"label":true}\n'
    table = read(tmp_path, "t.jsonl", line, text=["id"])
    assert table.to_pylist() == [{"id": "1", "x": 1.5, "y": "b", "label": True}]
    table = read(tmp_path, "t.jsonl", '{"features":[1.5,2],"label":"a"}\n')
    assert table.to_pylist() == [{"0": 1.5, "1": 2.0, "label": "a"}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"features":[1,2]}\n{"features":[1]}\n', "equally long"),
        ('{"features":{"id":1},"id":"a"}\n', "name of another column"),
    ],
)
def test_sessions_that_cannot_be_unpacked(tmp_path, line, message):
    with pytest.raises(TableError, match=message):
        read(tmp_path, "t.ndjson", line)


def test_parquet_is_made_plain(tmp_path):
    table = pa.table(
        {
            "category": pa.array(["a", "b"]).dictionary_encode(),
            "price": pa.array([Decimal("1.50"), None]),
            "half": pa.array(np.array([0.5, np.nan], np.float32)),
            "day": [datetime.date(2026, 1, 1), None],
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    found = read_table(tmp_path / "t.parquet")
    assert found.to_pydict() == {
        "category": ["a", "b"],
        "price": [1.5, None],
        "half": [0.5, None],
        "day": [datetime.date(2026, 1, 1), None],
    }
    assert found["category"].type == pa.string()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.xlsx", "", r"must end in one of \.csv"),
        ("t.csv", "a,a\n1,2\n", "one name"),
        ("t.csv", "a,b\n", "no rows"),
        ("t.csv", "", "no rows"),
        ("t.csv", "a,b\n1\n", "the row '1' has 1 fields where the header has 2"),
        ("t.csv", ",\n1,2\n", "no column has a name"),
        ("t.csv", 'a,b\n1,2\n"3,4\n', "has 1 fields where the header has 2"),
        ("t.csv.gz", "a,b\n1,2\n", "cannot be read as csv: it is damaged"),
        ("t.ndjson", "{", "cannot be read as json: line 1 is no JSON object, '{'"),
        ("t.ndjson", "{}\n\n[1]\n", "line 3 is no JSON object"),
        ("t.ndjson", '{"a":1}\n{"a":[1]}\n', "the column 'a' mixes objects or lists"),
        ("t.json", "[1]", "entry 0 of its array is no object"),
        ("t.json", "[{", "its array is not JSON"),
        ("t.parquet", "no", "cannot be read as parquet"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, text, message):
    with pytest.raises(TableError, match=message):
        read(tmp_path, name, text)


def test_no_such_file(tmp_path):
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "absent.csv")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_what_is_written_is_read(tmp_path, name):
    table = pa.table({"id": ["a", "b"], "value": [0.1, -1e-9]})
    write_table(tmp_path / name, table)
    assert read_table(tmp_path / name, text=["id"]).to_pydict() == table.to_pydict()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_where_nothing_can_be_written(tmp_path):
    table = pa.table({"id": ["a"]})
    with pytest.raises(TableError, match=r"must end in \.parquet or \.csv"):
        write_table(tmp_path / "t.txt", table)
    with pytest.raises(TableError, match="make the folder"):
        write_table(tmp_path / "absent" / "t.csv", table)
