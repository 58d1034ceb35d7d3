"""The producer beside the demo: it sends, it stops when told, its troubles are seen."""

import asyncio
import time

import pytest

from hcdv_stream.demo.feeder import Feeder
from hcdv_stream.simulators.messages import Message
from hcdv_stream.simulators.publishing import PublishError
from hcdv_stream.worker.kafka.log_end import fetched_end

pytestmark = pytest.mark.broker


def numbered(count):
    return (Message(b"k%d" % n, b"v%d" % n) for n in range(count))


def wait(feeder):
    deadline = time.monotonic() + 20
    while not feeder.done:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def length(bootstrap, topic):
    return asyncio.run(fetched_end([bootstrap], topic, 0, 0))


def test_everything_is_sent(bootstrap, topic):
    with Feeder(bootstrap, topic, numbered(3000), None) as feeder:
        wait(feeder)
    assert feeder.sent == length(bootstrap, topic) == 3000


def test_it_stops_in_the_middle(bootstrap, topic):
    with Feeder(bootstrap, topic, numbered(3000), 10.0) as feeder:
        deadline = time.monotonic() + 20
        while feeder.sent < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert 3 <= feeder.sent == length(bootstrap, topic) < 3000


def test_what_keeps_it_from_sending_is_raised(bootstrap):
    with Feeder(bootstrap, "nowhere", numbered(3), None) as feeder, pytest.raises(PublishError):
        wait(feeder)
