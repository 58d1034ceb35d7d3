"""The load experiment, whole but small; and that its check finds what is wrong by one bit."""

import asyncio
import math
from contextlib import closing, suppress

import pytest

from hcdv_stream.experiments.api_load import run as api_load
from hcdv_stream.experiments.api_load.load_generator import ReadLoad
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent


@pytest.mark.slow
@pytest.mark.broker
def test_small(tmp_path, monkeypatch):
    checks = []

    def checked(settings, bundle, answers):
        first = dict(answers[0])
        first["value"] = math.nextafter(first["value"], 1.0)
        checks.append(wrong_answers(settings, bundle, [first, *answers[1:]]))
        return wrong_answers(settings, bundle, answers)

    wrong_answers = api_load.wrong_answers
    monkeypatch.setattr(api_load, "wrong_answers", checked)
    result = api_load.run(ExperimentOptions(tmp_path, seeds=1, small=True), Silent())
    assert result["reads"] == result["checked"] == 60
    assert result["failed"] == result["wrong"] == 0
    assert result["states"] > 1
    (count, wrong) = checks[0]
    assert (count, len(wrong)) == (60, 1)
    (table,) = api_load.tables(result)
    assert "60 / 0" in table.markdown()


def test_the_schedule_is_open():
    """A read that waited for those before it counts from when it was due."""

    async def slow(reader, writer):
        with suppress(asyncio.IncompleteReadError), closing(writer):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(0.05)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        ended.set()

    ended = asyncio.Event()

    async def run():
        server = await asyncio.start_server(slow, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        load = ReadLoad("127.0.0.1", port, 100.0, 0.1, ["a"])
        await load.run(1)
        server.close()
        await asyncio.wait_for(ended.wait(), 20)
        return load.answers

    answers = asyncio.run(run())
    assert [status for _, status, _ in answers] == [200] * 10
    assert answers[0][0] >= 0.05
    assert answers[-1][0] >= 10 * 0.05 - 0.09
