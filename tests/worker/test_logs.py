"""Log lines for people and for machines."""

import logging
import subprocess
import sys

import orjson
import pytest

from hcdv_stream.errors import HcdvError
from hcdv_stream.runtime.logs import JsonLines, TextLines, configure_logging, fields


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


_TALK = """
import asyncio, sys
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka import KafkaProducer
from hcdv_stream.runtime.logs import configure_logging

configure_logging("DEBUG", sys.argv[2])

async def talk(bootstrap):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    await producer.send_and_wait(sys.argv[3], b"SECRET-VALUE", key=b"SECRET-ID")
    await producer.stop()
    consumer = AIOKafkaConsumer(
        sys.argv[3], bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    assert (await consumer.getone()).value == b"SECRET-VALUE"
    await consumer.stop()
    async with httpx.AsyncClient(headers={"Authorization": "Bearer SECRET-KEY"}) as client:
        try:
            await client.get(f"http://{bootstrap}/v1/examples/SECRET-ID", timeout=2)
        except httpx.HTTPError:
            pass

asyncio.run(talk(sys.argv[1]))
producer = KafkaProducer(bootstrap_servers=sys.argv[1])
producer.send(sys.argv[3], b"SECRET-VALUE", key=b"SECRET-ID")
producer.flush()
producer.close()
"""


@pytest.mark.broker
@pytest.mark.parametrize("form", ["text", "json"])
def test_debug_writes_no_payload_of_any_library(bootstrap, topic, form):
    command = [sys.executable, "-c", _TALK, bootstrap, form, topic]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    assert "SECRET" not in done.stderr + done.stdout


def test_debug_writes_our_own_lines(capsys: pytest.CaptureFixture[str]):
    configure_logging("DEBUG", "text")
    logging.getLogger("hcdv_stream.worker.supervision.supervisor").debug("ours")
    logging.getLogger("some.package").debug("theirs")
    err = capsys.readouterr().err
    assert "ours" in err
    assert "theirs" not in err
