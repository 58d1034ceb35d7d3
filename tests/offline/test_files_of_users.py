"""Files as people have them: exports of Excel, MySQL, Hive, pandas, R and Spark."""

import bz2
import csv
import datetime
import gzip
import io
import json
import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
import zstandard

from hcdv_stream.offline.examples import Examples, Roles, read_examples
from hcdv_stream.offline.tables import TableError, read_file

ROLES = Roles("bought", id="sid")
NAMES = ["sid", "dwell", "pages", "price", "device", "bought"]


def sessions(count=120):
    draw = random.Random(3)
    return [
        [
            *(f"s-{row:05d}", round(draw.expovariate(0.05), 2), draw.randint(1, 15)),
            *(round(draw.uniform(1, 200), 2), draw.choice(["mobile", "desktop", "tablet"])),
            draw.randint(0, 1),
        ]
        for row in range(count)
    ]


def as_csv(rows, names=NAMES, delimiter=",", **options):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n", **options).writerows([names, *rows])
    return text.getvalue()


def read(tmp_path, content, name="t.csv", roles=ROLES, drop=()):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_examples(path, roles, drop)


@pytest.fixture
def plain(tmp_path) -> Examples:
    examples = read(tmp_path, as_csv(sessions()), "plain.csv")
    assert examples.notes == ()
    assert set(examples.labels) == {"0", "1"}
    assert {type(value) for value in examples.columns["dwell"]} == {float}
    return examples


def same(found, plain):
    assert found.columns == plain.columns
    assert (found.ids, found.labels) == (plain.ids, plain.labels)


def changed(place, change):
    return [[*row[:place], change(row[place]), *row[place + 1 :]] for row in sessions()]


def comma(value):
    return str(value).replace(".", ",")


def test_decimal_commas(tmp_path, plain):
    rows = [[comma(each) if isinstance(each, float) else each for each in s] for s in sessions()]
    found = read(tmp_path, as_csv(rows, delimiter=";"))
    same(found, plain)
    assert found.notes == tuple(
        f"column {name!r}: reads numbers with a decimal comma" for name in ("dwell", "price")
    )


@pytest.mark.parametrize(
    ("delimiter", "cells", "wanted", "note"),
    [
        (";", ["1.234,5", "-2", "0,25"], [1234.5, -2.0, 0.25], "decimal comma"),
        (";", ["1,234", "2,345"], [1.234, 2.345], "decimal comma"),
        (",", ["3,14", "2,5"], [3.14, 2.5], "decimal comma"),
        (",", ["1,234", "2,345"], ["1,234", "2,345"], "is text, as numbers with commas"),
        ("\t", ["1,234.5", "7"], ["1,234.5", "7"], "is text, as numbers with commas"),
        (";", ["1,5", "a"], ["1,5", "a"], None),
    ],
)
def test_commas_inside_numbers(tmp_path, delimiter, cells, wanted, note):
    path = tmp_path / "t.csv"
    path.write_text(as_csv([[cell, "x"] for cell in cells], ["n", "y"], delimiter))
    found = read_file(path)
    assert found.table["n"].to_pylist() == wanted
    assert (note is None and not found.notes) or note in found.notes[0]


def test_gaps_as_mysql_and_hive_write_them(tmp_path):
    found = read(tmp_path, as_csv(changed(1, lambda dwell: "\\N" if dwell > 20 else dwell)))
    assert found.columns["dwell"] == [None if s[1] > 20 else s[1] for s in sessions()]


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_the_index_of_pandas_is_left_out(tmp_path, plain, name):
    rows = [[place, *row] for place, row in enumerate(sessions())]
    found = read(tmp_path, as_csv(rows, [name, *NAMES]))
    same(found, plain)
    assert "column 1: has no name, as row numbers" in found.notes[0]


def test_row_names_of_r_are_left_out(tmp_path, plain):
    text = as_csv([[place, *row] for place, row in enumerate(sessions(), 1)])
    found = read(tmp_path, text)
    same(found, plain)
    assert "column 1: has no name" in found.notes[0]


def test_the_index_in_parquet_is_left_out(tmp_path, plain):
    frame = pd.DataFrame(sessions(), columns=NAMES)
    frame.set_index(frame.index.to_numpy() ** 2).to_parquet(tmp_path / "t.parquet")
    found = read_examples(tmp_path / "t.parquet", ROLES)
    same(found, plain)
    assert "column '__index_level_0__': is the index that pandas wrote" in found.notes[0]
    frame.set_index("sid").to_parquet(tmp_path / "named.parquet")
    same(read_examples(tmp_path / "named.parquet", ROLES), plain)
    found = read_examples(tmp_path / "named.parquet", Roles("bought"), drop=["sid"])
    assert found.columns == plain.columns
    assert "column 'sid': is the index that pandas wrote" in found.notes[0]


@pytest.mark.parametrize("header", [",", ""])
def test_trailing_commas(tmp_path, plain, header):
    lines = as_csv(sessions()).splitlines()
    text = "\n".join([lines[0] + header, *(line + "," for line in lines[1:])])
    found = read(tmp_path, text)
    same(found, plain)
    assert found.notes == ("column 7: has neither a name nor values, left out",)


def test_milliseconds(tmp_path):
    rows = [[*row, 1_760_000_000_000 + 61_000 * place] for place, row in enumerate(sessions())]
    found = read(tmp_path, as_csv(rows, [*NAMES, "time"]), roles=Roles("bought", "sid", "time"))
    assert found.timestamps.tolist() == [1_760_000_000.0 + 61 * row for row in range(120)]
    assert found.notes == ("time 'time': reads 120 values as milliseconds",)


@pytest.mark.parametrize(
    "spelt", [lambda n: ["FALSE", "TRUE"][n], lambda n: f"{n}.0", lambda n: f" {n} ", bool]
)
def test_labels_are_the_same_two_classes(tmp_path, plain, spelt):
    same(read(tmp_path, as_csv(changed(5, spelt))), plain)


def test_labels_of_ndjson_are_the_same_two_classes(tmp_path, plain):
    rows = [dict(zip(NAMES, row, strict=True)) for row in changed(5, bool)]
    same(read(tmp_path, "\n".join(map(json.dumps, rows)), "t.ndjson"), plain)
    rows[3] |= {"bought": rows[3]["bought"] + 0.0, "dwell": str(rows[3]["dwell"])}
    same(read(tmp_path, "\n".join(map(json.dumps, rows)), "mixed.jsonl"), plain)
    same(read(tmp_path, json.dumps(rows, indent=1), "array.json"), plain)


def test_excel(tmp_path, plain):
    text = "sep=;\r\n" + as_csv(sessions(), delimiter=";").replace("\n", "\r\n")
    for encoding in ("utf-16", "utf-16-le", "utf-8-sig", "utf-8"):
        found = read(tmp_path, text.encode(encoding))
        same(found, plain)
        assert found.notes == ()


def test_a_leak_is_named(tmp_path):
    rows = [[*row, f"o-{row[0]}" if row[5] else ""] for row in sessions()]
    found = read(tmp_path, as_csv(rows, [*NAMES, "order_id"]))
    assert found.notes == (
        "column 'order_id': is filled for some labels only, which nearly tells the label; "
        "if it is known only afterwards, --drop order_id",
    )
    assert read(tmp_path, as_csv(rows, [*NAMES, "order_id"]), drop=["order_id"]).notes == ()
    rows = [[*row, "paid" if row[5] else "left"] for row in sessions()]
    found = read(tmp_path, as_csv(rows, [*NAMES, "state"]))
    assert found.notes[0].startswith("column 'state': nearly tells the label")


def test_line_breaks_inside_quotes_at_any_size(tmp_path):
    note = 'a line\nand, another "one"\r\n' * 400
    path = tmp_path / "t.csv"
    path.write_text(as_csv([[row, note, row % 2] for row in range(600)], ["a", "note\nof", "b"]))
    assert path.stat().st_size > 5 << 20
    table = read_file(path).table
    assert table.column_names == ["a", "note\nof", "b"]
    assert table["a"].to_pylist() == list(range(600))
    assert set(table["note\nof"].to_pylist()) == {note.strip()}


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_text_of_western_europe(tmp_path, encoding):
    late = [["x", row] for row in range(300_000)]
    odd = "Ääé" if encoding == "cp1252" else "Ä\x81é"
    for rows in ([["größe", 1]], [*late, [odd, 2]]):
        path = tmp_path / "t.csv"
        path.write_bytes(
            as_csv(rows, ["wört", "n"] if len(rows) == 1 else ["w", "n"]).encode(encoding)
        )
        found = read_file(path)
        assert found.table[0].to_pylist() == [row[0] for row in rows]
        assert "not UTF-8, read as" in found.notes[0]


@pytest.mark.parametrize(
    ("ending", "compress"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".zst", zstandard.compress)],
)
def test_compressed_files(tmp_path, plain, ending, compress):
    same(read(tmp_path, compress(as_csv(sessions()).encode()), f"t.csv{ending}"), plain)
    lines = [json.dumps(dict(zip(NAMES, row, strict=True))) for row in sessions()]
    same(read(tmp_path, compress("\n".join(lines).encode()), f"t.jsonl{ending}"), plain)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_any_unit_in_parquet(tmp_path, unit):
    when = pd.Timestamp("2026-01-01 12:00:00")
    stamps = np.array([when], f"datetime64[{unit}]") + np.array([0, 123], f"timedelta64[{unit}]")
    frame = pd.DataFrame({"when": stamps, "x": [1, 2], "label": ["a", "b"]})
    frame.to_parquet(tmp_path / "t.parquet")
    found = read_examples(tmp_path / "t.parquet", Roles("label", time="when"))
    ticks = {"s": 123.0, "ms": 0.123, "us": 0.000123, "ns": 0.0}[unit]
    assert found.timestamps.tolist() == [1_767_268_800.0, 1_767_268_800.0 + ticks]


def test_dates_as_text_are_no_feature_in_any_format(tmp_path):
    rows = {"day": ["2026-01-01", "2026-01-02 10:00:00 UTC"], "label": ["a", "b"]}
    table = pa.table(rows)
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    pyarrow.feather.write_feather(table, tmp_path / "t.arrow")
    (tmp_path / "t.csv").write_text(as_csv(zip(*rows.values(), strict=True), list(rows)))
    lines = [json.dumps({"day": day, "label": "a"}) for day in rows["day"]]
    (tmp_path / "t.ndjson").write_text("\n".join(lines))
    for path in tmp_path.iterdir():
        with pytest.raises(TableError, match=r"'day' holds timestamp.*give it a role"):
            read_examples(path, Roles("label"))
        found = read_examples(path, Roles("label", time="day"))
        assert found.timestamps.tolist() == [
            datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC).timestamp(),
            datetime.datetime(2026, 1, 2, 10, tzinfo=datetime.UTC).timestamp(),
        ]
        assert read_examples(path, Roles("label", id="day")).ids == rows["day"], path


@pytest.mark.parametrize("format", ["csv", "parquet", "json"])
def test_a_directory_of_parts_with_hive_partitions(tmp_path, plain, format):
    frame = pd.DataFrame(sessions(), columns=NAMES)
    for place, (device, rows) in enumerate(frame.groupby("device")):
        folder = tmp_path / "out" / f"day=2026-0{place + 1}" / f"device={device}"
        folder.mkdir(parents=True)
        part = rows.drop(columns="device")
        if format == "csv":
            part.to_csv(folder / "part-0.csv", index=False)
        elif format == "json":
            part.to_json(folder / "part-0.json", orient="records", lines=True)
        else:
            part.to_parquet(folder / "part-0.snappy.parquet", index=False)
        (folder / ".part-0.crc").write_text("x")
    (tmp_path / "out" / "_SUCCESS").write_text("")
    found = read_examples(tmp_path / "out", ROLES, drop=["day"])
    places = {id: place for place, id in enumerate(found.ids)}
    same(
        found.take(np.array([places[id] for id in plain.ids])),
        Examples(
            *(plain.ids, plain.labels, plain.providers, plain.timestamps),
            {name: plain.columns[name] for name in ("dwell", "pages", "price", "device")},
        ),
    )


def test_files_by_a_pattern(tmp_path, plain):
    for place in range(3):
        part = sessions()[place * 40 : place * 40 + 40]
        (tmp_path / f"part-{place}.csv").write_text(as_csv(part))
    (tmp_path / "other.ndjson").write_text("{}")
    same(read_examples(tmp_path / "part-*.csv", ROLES), plain)
    with pytest.raises(TableError, match="no file matches"):
        read_file(tmp_path / "none-*.csv")
    with pytest.raises(TableError, match="formats csv and json; name one by a pattern"):
        read_file(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match="no file in it"):
        read_file(tmp_path / "empty")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_names_that_come_twice_are_named(tmp_path, name):
    if name == "t.parquet":
        pyarrow.parquet.write_table(pa.table([[1], [2]], names=["a", "a"]), tmp_path / name)
    else:
        (tmp_path / name).write_text("a, a\n1,2\n")
    with pytest.raises(TableError, match="two columns have one name, 'a'; rename one"):
        read_file(tmp_path / name)
