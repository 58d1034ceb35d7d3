"""One table means the same at every door: files of any format, pandas, dicts, sessions."""

import csv
import io
import json
import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream import HCDV
from hcdv_stream.bundle.fitting import fit_schema
from hcdv_stream.bundle.gaps import matrix_with_gaps
from hcdv_stream.bundle.labels import class_index, class_indices
from hcdv_stream.bundle.schema import FeatureSchema
from hcdv_stream.estimator.contrastive import feature_matrix, schema_of
from hcdv_stream.estimator.tables import checked_table
from hcdv_stream.estimator.targets import class_names, classes_of, codes_of
from hcdv_stream.offline.examples import Roles, read_examples
from hcdv_stream.worker.session import Session, SessionValidator

ROLES = Roles("bought", id="sid", time="when", provider="shop")
NOON = 1_767_268_800
LABELS = {"boolean": (False, True), "integer": (0, 1), "text": ("no", "yes")}
WORDS = ("mobile", "desk top", "007", "1", "Zürich", 'say "x"', "two\nlines", "x;y,z", "TRUE")


@dataclass(frozen=True)
class Meaning:
    """What a door understood: the classes, each row's, and the encoder's input."""

    classes: tuple[str, ...]
    labels: tuple[int, ...]
    schema: FeatureSchema
    matrix: bytes


@st.composite
def tables(draw):
    """Rows as Python values; each feature has a value, and text that is no number."""
    count = draw(st.integers(6, 12))
    rows = range(count)

    def column(values, first):
        rest = st.lists(st.none() | values, min_size=count - 1, max_size=count - 1)
        return [first, *draw(rest)]

    label = draw(st.sampled_from(sorted(LABELS)))
    return {
        "sid": [f"s-{row}" for row in rows],
        "when": [NOON + 61 * row for row in rows],
        "shop": column(st.sampled_from(["a", "b"]), "a"),
        "dwell": column(st.floats(-1e6, 1e6).map(lambda x: round(x, 4)), 0.25),
        "pages": column(st.integers(-9, 1000), 3),
        "member": column(st.booleans(), True),
        "device": column(st.sampled_from(WORDS), "mobile"),
        "bought": [LABELS[label][row % 2] for row in rows],
    }


def in_csv(table, draw):
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    comma = delimiter == ";" and draw(st.booleans())
    gap = draw(st.sampled_from(["", "NA", "\\N", "null", "NaN", " "]))
    truth = draw(st.sampled_from([("FALSE", "TRUE"), ("false", "true"), ("False", "True")]))
    pad = draw(st.sampled_from(["", " "]))
    whole = draw(st.sampled_from(["", ".0"]))

    def cell(name, value):
        if value is None:
            return gap
        if isinstance(value, bool):
            # A boolean label may be written as a number, a boolean feature would be a number then.
            return f"{value:d}{whole}" if name == "bought" and whole else truth[value]
        text = f"{value}{whole}" if isinstance(value, int) and name != "when" else str(value)
        if comma and isinstance(value, int | float) and name in ("dwell", "pages"):
            text = text.replace(".", ",")
        return text if name in ("sid", "when", "shop") else pad + text

    text = io.StringIO()
    if delimiter == ";" and draw(st.booleans()):
        text.write("sep=;\n")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(table)
    rows = zip(*table.values(), strict=True)
    writer.writerows([cell(n, v) for n, v in zip(table, row, strict=True)] for row in rows)
    return text.getvalue().encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])))


def records(table):
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def understood(columns, labels):
    classes = tuple(sorted(set(labels)))
    schema = fit_schema(columns)
    codes = tuple(class_index(label, class_indices(classes)) for label in labels)
    return Meaning(classes, codes, schema, matrix_with_gaps(schema, columns).tobytes())


def by_file(path):
    examples = read_examples(path, ROLES)
    assert examples.timestamps.tolist() == [NOON + 61.0 * row for row in range(len(examples))]
    return understood(examples.columns, examples.labels), examples.providers


def by_hcdv(X, y):
    table = checked_table(HCDV(), X, y, encoder="contrastive", reset=True)
    classes = classes_of(y)
    schema = schema_of(table)
    codes = tuple(codes_of(y, classes, "y").tolist())
    return Meaning(class_names(classes), codes, schema, feature_matrix(schema, table).tobytes())


def by_session(table, meaning, spelt):
    """Encode each row as the worker does, by the schema of another door; gaps may be anywhere."""
    schema = FeatureSchema(tuple(replace(f, nullable=True) for f in meaning.schema.features))
    validator = SessionValidator(schema, meaning.classes, 10_000)
    rows, labels, providers = [], [], []
    for row in records(table):
        features = {name: spelt(row[name]) for name in schema.names}
        session = {"schema": 1, "id": row["sid"], "ts": row["when"] * 1000, "features": features}
        session |= {"label": spelt(row["bought"]), "provider": row["shop"]}
        read = validator.validate(row["sid"].encode(), json.dumps(session).encode())
        assert isinstance(read, Session)
        assert read.time == row["when"]
        rows.append(read.row)
        labels.append(read.label)
        providers.append(read.provider)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(schema.names)}
    raw = np.array(list(columns.values()), np.float64).T
    for place, feature in enumerate(meaning.schema.features):
        if not feature.nullable:
            assert not np.isnan(raw[:, place]).any()
    return Meaning(
        meaning.classes, tuple(labels), meaning.schema, meaning.schema.matrix(raw).tobytes()
    ), providers


def as_text(value):
    """Spell a value as text, as a producer without types does."""
    if value is None:
        return "\\N"
    return f" {value}" if not isinstance(value, bool) else str(value).upper()


@given(st.data())
@settings(max_examples=6, deadline=None)
def test_one_table_means_the_same_at_every_door(data):
    table = data.draw(tables())
    arrow = pa.table(table)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        pyarrow.parquet.write_table(arrow, root / "t.parquet")
        meaning, providers = by_file(root / "t.parquet")
        pyarrow.feather.write_feather(arrow, root / "t.arrow")
        (root / "t.ndjson").write_text("\n".join(map(json.dumps, records(table))))
        (root / "t.csv").write_bytes(in_csv(table, data.draw))
        frame = pd.DataFrame({name: pd.Series(v, dtype=object) for name, v in table.items()})
        frame["device"] = frame["device"].astype("category")
        frame.convert_dtypes().to_parquet(root / "pandas.parquet")
        frame.set_index("sid").to_parquet(root / "index.parquet")
        for path in sorted(root.iterdir()):
            assert by_file(path) == (meaning, providers), path.name
    for spelt in (lambda value: value, as_text):
        assert by_session(table, meaning, spelt) == (meaning, providers)
    features = ["dwell", "pages", "member", "device"]
    rows = [{name: row[name] for name in features} for row in records(table)]
    assert by_hcdv(rows, table["bought"]) == meaning
    texts = [{name: as_text(value) for name, value in row.items()} for row in rows]
    assert by_hcdv(texts, list(map(as_text, table["bought"]))) == meaning
    for kind in (frame, frame.convert_dtypes(), frame.astype(object), pd.DataFrame(table)):
        y = kind["bought"]
        assert by_hcdv(kind[features], y) == meaning
        assert by_hcdv(kind[features], y.astype("category")) == meaning
        assert by_hcdv(kind[features], np.array(y, dtype=object)) == meaning
    assert not math.isnan(meaning.schema.features[0].mean)


@given(tables())
@settings(max_examples=4, deadline=None)
def test_a_frame_of_polars_means_the_same(table):
    polars = pytest.importorskip("polars")
    frame, other = polars.DataFrame(table), pd.DataFrame(table)
    features = ["dwell", "pages", "member", "device"]
    meaning = by_hcdv(other[features], other["bought"])
    assert by_hcdv(frame.select(features), frame["bought"]) == meaning
