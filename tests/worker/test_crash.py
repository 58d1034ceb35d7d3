"""A worker whose agent crashes ends at once, so that it is started again."""

import pytest

from tests.worker import crashing
from tests.worker.conftest import Workers
from tests.worker.harness import PATIENCE, produce, session


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize("what", ["bug", "log"])
def test_an_agent_that_crashes_ends_the_process(
    what: str, topic: str, bootstrap: str, workers: Workers
):
    produce(bootstrap, topic, [session(number) for number in range(20)])
    worker = workers.start(topic, program=(crashing.__file__, what), poll_records="5")
    assert worker.process.wait(15 * PATIENCE) == 1, worker.output
    assert not worker.events("worker does not stop: it is ended")
    if what == "bug":
        assert "ZeroDivisionError: a bug" in worker.output
    else:
        assert "error: the log is another one" in worker.said
        assert "Traceback" not in worker.output
