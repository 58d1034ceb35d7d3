"""Examples as sessions of the topic contract, evaluated by its reading side."""

from dataclasses import replace

import numpy as np
import orjson
import pytest

from hcdv_stream.bundle.fitting import fit_schema
from hcdv_stream.offline.examples import Examples, Roles, read_examples
from hcdv_stream.offline.tables import write_table
from hcdv_stream.simulators.clickstream import CLASSES, ID, LABEL, PROVIDER, TIME, generate
from hcdv_stream.simulators.clickstream_examples import clickstream_examples, clickstream_table
from hcdv_stream.simulators.messages import messages
from hcdv_stream.worker.session import SessionValidator
from hcdv_stream.worker.trust import Trust

EXAMPLES = Examples(
    ids=["a", "b"],
    labels=["yes", "no"],
    providers=["s", None],
    timestamps=np.array([1.5, 2.0]),
    columns={"pages": [3, 4], "rate": [0.5, None], "mobile": [True, False], "via": ["mail", "ü"]},
)


def test_an_example_becomes_a_session():
    first, second = messages(EXAMPLES)
    assert first.key == b"a"
    assert orjson.loads(first.value) == {
        "schema": 1,
        "id": "a",
        "ts": 1.5,
        "features": {"pages": 3, "rate": 0.5, "mobile": True, "via": "mail"},
        "label": "yes",
        "provider": "s",
    }
    session = orjson.loads(second.value)
    assert session["features"] == {"pages": 4, "rate": None, "mobile": False, "via": "ü"}
    assert "provider" not in session


def test_examples_without_a_time_happen_now():
    assert [orjson.loads(m.value)["ts"] for m in messages(EXAMPLES, 7.0)] == [7.0, 7.0]


def test_examples_without_features_still_are_sessions():
    sent = list(messages(replace(EXAMPLES, columns={})))
    assert [orjson.loads(m.value)["features"] for m in sent] == [{}, {}]


def test_the_click_stream_is_accepted_by_whoever_reads_the_topic():
    stream = generate(2, 200)
    examples = clickstream_examples(stream)
    schema = fit_schema(examples.columns)
    assert schema.width == 64
    validator = SessionValidator(schema, CLASSES, max_bytes=1 << 20)
    validated = [validator.validate(message.key, message.value) for message in messages(examples)]
    assert tuple(session.id for session in validated) == stream.ids
    assert tuple(session.provider for session in validated) == stream.providers
    assert [session.label for session in validated] == stream.labels.tolist()
    assert [session.time for session in validated] == stream.timestamps.tolist()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_click_stream_survives_a_file(tmp_path, ending):
    stream = generate(1, 100)
    path = tmp_path / f"clicks.{ending}"
    write_table(path, clickstream_table(stream))
    read = read_examples(path, Roles(LABEL, ID, TIME, PROVIDER))
    expected = clickstream_examples(stream)
    assert (read.ids, read.labels, read.providers) == (
        expected.ids, expected.labels, expected.providers
    )  # fmt: skip
    assert read.columns == expected.columns
    assert read.timestamps == pytest.approx(expected.timestamps, abs=1e-3)


def test_a_share_is_marked_as_trusted_the_same_every_time():
    examples = clickstream_examples(generate(2, 1000))
    marked = [
        {
            orjson.loads(message.value)["id"]
            for message in messages(examples, None, share)
            if b'"trusted":true' in message.value
        }
        for share in (0.0, 0.1, 0.1, 0.5, 1.0)
    ]
    assert len(marked[0]) == 0
    assert 150 < len(marked[1]) < 250
    assert marked[1] == marked[2]
    assert marked[1] < marked[3]
    assert len(marked[4]) == 2000
    schema = fit_schema(examples.columns)
    validator = SessionValidator(schema, CLASSES, 1 << 20, Trust(marks=True))
    sent = [validator.validate(m.key, m.value) for m in messages(examples, None, 0.1)]
    assert {session.id for session in sent if session.trusted} == marked[1]
