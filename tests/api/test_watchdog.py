"""What systemd hears of an API: ready, alive while it is, stopping; and what the log says."""

import asyncio
import logging
import socket

from hcdv_stream.api import watchdog
from hcdv_stream.api.watchdog import watched
from tests.api.world import Owner, app_of


def heard(tmp_path, monkeypatch, app) -> list[bytes]:
    """All that is said until the loop has turned a few times."""
    address = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)

    async def serve() -> None:
        async with watched(app.state.source):
            for _ in range(5):
                await asyncio.sleep(0)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.setblocking(False)
        asyncio.run(serve())
        said = []
        while True:
            try:
                said.append(listener.recv(64))
            except BlockingIOError:
                return said


def test_systemd_hears_of_an_api_that_works(tmp_path, monkeypatch):
    said = heard(tmp_path, monkeypatch, app_of(tmp_path / "state"))
    assert said == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_it_hears_nothing_of_one_that_does_not_look_at_the_state_any_more(tmp_path, monkeypatch):
    app = app_of(tmp_path / "state")
    app.state.refresher._looked -= 3600
    assert app.state.source.ailment() is not None
    assert heard(tmp_path, monkeypatch, app) == [b"READY=1", b"STOPPING=1"]


def test_the_log_says_once_when_answers_begin_and_cease_to_be_possible(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(watchdog, "_EVERY_SECONDS", 0.001)
    caplog.set_level(logging.INFO, watchdog.__name__)
    app = app_of(tmp_path)
    owner = Owner(tmp_path, 0)

    def begin() -> None:
        owner.apply(owner.batch(40))
        app.state.refresher.look()

    def cease() -> None:
        app.state.refresher._looked -= 3600

    async def serve() -> None:
        async with watched(app.state.source), asyncio.timeout(10):
            for count, change in enumerate((begin, cease, None), start=1):
                while len(caplog.records) < count:
                    await asyncio.sleep(0.001)
                await asyncio.sleep(0.02)  # it is said once
                assert len(caplog.records) == count
                if change:
                    change()

    asyncio.run(serve())
    owner.store.close()
    assert [record.getMessage() for record in caplog.records] == ["not ready", "ready", "not ready"]
    assert "HCDV_STATE_DIR" in caplog.records[0].hcdv_fields["reason"]
    assert "was not looked at" in caplog.records[2].hcdv_fields["reason"]
    assert caplog.records[2].hcdv_fields["reason"].startswith("state: ")
