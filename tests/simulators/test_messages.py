"""A table's rows as sessions of the topic contract."""

import math
from datetime import UTC, date, datetime

import orjson
import pyarrow as pa
import pytest

from simulators.clickstream import generate
from simulators.clickstream_table import ROLES, clickstream_table, flips_table
from simulators.messages import ReplayError, Roles, messages

NOW = 1_700_000_000.0


def sessions(table, roles):
    return [(m.key.decode(), orjson.loads(m.value)) for m in messages(table, roles, NOW)]


def test_a_row_becomes_a_session():
    table = pa.table(
        {"who": ["a"], "pages": [3], "rate": [0.5], "mobile": [True], "via": ["mail"]}
        | {"when": [1.5], "seller": ["s"], "bought": ["yes"]}
    )
    roles = Roles("bought", id="who", time="when", provider="seller")
    assert sessions(table, roles) == [
        (
            "a",
            {
                "schema": 1,
                "id": "a",
                "ts": 1.5,
                "features": {"pages": 3, "rate": 0.5, "mobile": True, "via": "mail"},
                "label": "yes",
                "provider": "s",
            },
        )
    ]


def test_without_roles_rows_are_named_by_position_and_happen_now():
    table = pa.table({"x": list(range(1500)), "y": [0, 1, 0] * 500})
    sent = sessions(table, Roles("y"))
    assert [key for key, _ in sent[::1499]] == ["row-00000000", "row-00001499"]
    assert sent[7][1] == {
        "schema": 1, "id": "row-00000007", "ts": NOW, "features": {"x": 7}, "label": 1
    }  # fmt: skip


def test_a_made_id_does_not_displace_a_feature_of_that_name():
    [(key, session)] = sessions(pa.table({"id": [5], "y": ["a"]}), Roles("y"))
    assert key == session["id"] == "row-00000000"
    assert session["features"] == {"id": 5}


def test_what_json_cannot_say_becomes_null():
    table = pa.table({"x": [math.nan, math.inf, None, 1.0], "y": ["a"] * 4})
    assert [s["features"]["x"] for _, s in sessions(table, Roles("y"))] == [None, None, None, 1.0]


def test_a_missing_provider_is_left_out():
    table = pa.table({"x": [1, 2], "y": ["a", "b"], "p": ["s", None]})
    assert ["provider" in s for _, s in sessions(table, Roles("y", provider="p"))] == [True, False]


@pytest.mark.parametrize(
    "when",
    [
        datetime(2026, 1, 5, 12, tzinfo=UTC),
        datetime(2026, 1, 5, 12),
        "2026-01-05T12:00:00Z",
        "2026-01-05 12:00:00",
        "2026-01-05T13:00:00+01:00",
        1_767_614_400,
        1_767_614_400.0,
    ],
)
def test_times_of_any_kind_become_seconds(when):
    [(_, session)] = sessions(pa.table({"t": [when], "y": ["a"]}), Roles("y", time="t"))
    assert session["ts"] == 1_767_614_400.0


def test_a_date_is_its_midnight():
    table = pa.table({"t": [date(2026, 1, 5)], "y": ["a"]})
    assert sessions(table, Roles("y", time="t"))[0][1]["ts"] == 1_767_571_200.0


@pytest.mark.parametrize("when", ["soon", None, math.nan])
def test_what_is_no_time_is_refused(when):
    table = pa.table({"t": pa.array([when]), "y": ["a"]})
    with pytest.raises(ReplayError, match="'t' holds no time"):
        sessions(table, Roles("y", time="t"))


def test_a_missing_id_is_refused():
    table = pa.table({"i": ["a", None], "y": ["a", "b"]})
    with pytest.raises(ReplayError, match="row 1: the column 'i' holds no id"):
        sessions(table, Roles("y", id="i"))


def test_a_role_of_a_column_that_is_not_there_is_refused():
    with pytest.raises(ReplayError, match=r"--provider shop: there is no such column.* x, y"):
        sessions(pa.table({"x": [1], "y": [2]}), Roles("y", provider="shop"))


def test_the_click_stream_as_sessions():
    stream = generate(2, 40)
    sent = sessions(clickstream_table(stream), ROLES)
    assert tuple(key for key, _ in sent) == stream.ids
    assert [s["ts"] for _, s in sent] == pytest.approx(stream.timestamps, abs=1e-3)
    assert [s["provider"] for _, s in sent] == list(stream.providers)
    assert [s["label"] for _, s in sent] == [("no", "yes")[label] for label in stream.labels]
    assert set(sent[0][1]["features"]) == set(stream.columns)
    assert [s["features"]["device"] for _, s in sent] == list(stream.columns["device"])


def test_the_click_streams_flips_as_a_table():
    stream = generate(1, 100, flip_share=0.1)
    clean = generate(1, 100)
    flips = flips_table(stream).to_pylist()
    assert len(flips) == 10
    for flip in flips:
        row = stream.ids.index(flip["id"])
        assert flip["true_label"] == ("no", "yes")[clean.labels[row]]
        assert flip["sent_label"] == ("no", "yes")[stream.labels[row]]
