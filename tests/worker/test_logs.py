"""Log lines for people and for machines."""

import logging
import sys

import orjson
import pytest

from hcdv_stream.errors import HcdvError
from hcdv_stream.logs import JsonLines, TextLines, configure_logging, fields


@pytest.fixture(autouse=True)
def _restored():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def record(**values: object) -> logging.LogRecord:
    made = logging.LogRecord("hcdv_stream.worker.run", logging.INFO, "", 1, "up", (), None)
    made.created, made.msecs = 0.25, 250.0
    made.__dict__.update(fields(**values))
    return made


def test_text():
    assert (
        TextLines().format(record(port=9)) == "1970-01-01T00:00:00.250Z INFO worker.run: up port=9"
    )


def test_json():
    assert orjson.loads(JsonLines().format(record(port=9))) == {
        "time": "1970-01-01T00:00:00.250Z",
        "level": "INFO",
        "logger": "hcdv_stream.worker.run",
        "event": "up",
        "port": 9,
    }


def test_an_error_for_people_is_not_told_by_the_kafka_libraries(capsys: pytest.CaptureFixture[str]):
    configure_logging("INFO", "text")
    try:
        raise HcdvError("mend it")
    except HcdvError:
        logging.getLogger("faust.app").exception("Crashed")
        logging.getLogger("hcdv_stream.x").error("told", exc_info=sys.exc_info())
    logging.getLogger("aiokafka").info("noise")
    err = capsys.readouterr().err
    assert "Crashed" not in err
    assert "noise" not in err
    assert "told" in err
    assert "mend it" in err
