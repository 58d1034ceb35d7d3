import datetime

import numpy as np
import pyarrow as pa
import pytest

from hcdv_stream.offline.examples import Examples, Roles, read_examples
from hcdv_stream.offline.tables import TableError

TABLE = pa.table(
    {
        "key": [7, 8, 9],
        "when": [3.0, 1.0, 2.0],
        "shop": ["a", None, "b"],
        "bought": [True, None, False],
        "x": [1.5, None, 2.5],
        "word": ["u", "v", "w"],
    }
)
ROLES = Roles("bought", "key", "when", "shop")


def test_roles_and_features():
    examples = Examples.of(TABLE, Roles("word", "key", "when", "shop"), drop=["bought"])
    assert examples.ids == ["7", "8", "9"]
    assert examples.labels == ["u", "v", "w"]
    assert examples.providers == ["a", None, "b"]
    assert examples.timestamps.tolist() == [3.0, 1.0, 2.0]
    assert examples.columns == {"x": [1.5, None, 2.5]}


def test_rows_without_a_label_are_left_out_and_counted():
    examples = Examples.of(TABLE, ROLES)
    assert (examples.ids, examples.labels) == (["7", "9"], ["1", "0"])
    assert examples.columns["x"] == [1.5, 2.5]
    assert examples.timestamps.tolist() == [3.0, 2.0]
    assert examples.unlabelled == 1


def test_without_ids_rows_are_numbered_and_without_times_they_are_at_zero():
    examples = Examples.of(TABLE, Roles("word"))
    assert examples.ids == ["row-00000000", "row-00000001", "row-00000002"]
    assert examples.timestamps.tolist() == [0.0, 0.0, 0.0]
    assert examples.providers == [None, None, None]


def test_rows_can_be_taken():
    taken = Examples.of(TABLE, Roles("word", "key")).take(np.array([2, 0]))
    assert (taken.ids, taken.labels, taken.columns["x"]) == (["9", "7"], ["w", "u"], [2.5, 1.5])


NOON = 1_767_268_800.0


@pytest.mark.parametrize(
    "times",
    [
        pa.array([NOON]),
        pa.array([int(NOON)]),
        pa.array([datetime.datetime(2026, 1, 1, 12)]),
        pa.array([datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)]),
        pa.array(["2026-01-01T12:00:00"]),
        pa.array(["2026-01-01 13:00:00+01:00"]),
        pa.array([str(NOON)]),
        pa.array([int(NOON * 1e3)]),
        pa.array([int(NOON * 1e9)]),
        pa.array(["2026-01-01 12:00:00 UTC"]),
        pa.array([int(NOON * 1e9)]).cast(pa.timestamp("ns")),
        pa.array([int(NOON)]).cast(pa.timestamp("s", "UTC")),
    ],
)
def test_times_in_every_spelling(times):
    table = pa.table({"when": times, "label": ["a"], "x": [1]})
    assert Examples.of(table, Roles("label", time="when")).timestamps.tolist() == [NOON]


def test_dates_are_midnights():
    table = pa.table({"when": [datetime.date(1970, 1, 2)], "label": ["a"]})
    assert Examples.of(table, Roles("label", time="when")).timestamps.tolist() == [86400.0]


@pytest.mark.parametrize(
    ("changes", "roles", "drop", "message"),
    [
        ({}, Roles("nope"), (), "--label nope: there is no such column"),
        ({}, Roles("word", id="nope"), (), "--id nope"),
        ({}, Roles("word", id="word"), (), "a column each"),
        ({}, Roles("word"), ("nope",), "--drop nope"),
        ({}, Roles("word"), ("word",), "--drop word"),
        ({"key": [1, None, 2]}, ROLES, (), "row 1: the column 'key' holds no id"),
        ({"when": [1.0, None, 2.0]}, ROLES, (), "1 rows without a time"),
        ({"when": ["1", "soon", "2"]}, ROLES, (), "'when' must hold times, .* got 'soon'"),
        ({"when": [True, False, True]}, ROLES, (), "got true"),
        ({"bought": [[1], [2], [3]]}, ROLES, (), "'bought' cannot be the label"),
        ({"x": [[1], [2], [3]]}, ROLES, (), "leave it out with --drop x"),
    ],
)
def test_what_does_not_fit_is_named(changes, roles, drop, message):
    table = pa.table({**TABLE.to_pydict(), **changes})
    with pytest.raises(TableError, match=message):
        Examples.of(table, roles, drop)


def test_labels_and_ids_of_a_csv_are_read_as_written(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,x,label\n007,1,TRUE\n008,2,FALSE\n")
    examples = read_examples(path, Roles("label", id="id"))
    assert (examples.ids, examples.labels) == (["007", "008"], ["1", "0"])


def test_what_was_understood_is_said():
    table = pa.table(
        {
            "when": [1_767_268_800_000, 1_767_268_800],
            "label": ["TRUE", "0"],
            "shop": [7.0, None],
            "x": [1, 2],
        }
    )
    examples = Examples.of(table, Roles("label", time="when", provider="shop"))
    assert examples.notes == (
        "label 'label': reads TRUE as 1",
        "time 'when': reads 1 values as milliseconds and 1 values as seconds",
    )
    assert examples.providers == ["7", None]
    assert Examples.of(TABLE, Roles("word", time="when")).notes == ()


def test_gaps_of_every_spelling():
    table = pa.table(
        {"label": ["a", " NA", "\\N", "b"], "shop": ["NA", "s", "s", ""], "x": [1, 2, 3, 4]}
    )
    examples = Examples.of(table, Roles("label", provider="shop"))
    assert (examples.labels, examples.providers) == (["a", "b"], [None, None])
    assert examples.unlabelled == 2
