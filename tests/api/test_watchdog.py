"""What systemd hears of an API: ready, alive while it is, stopping; nothing of one that stalls."""

import asyncio
import socket

from hcdv_stream.api.watchdog import watched
from tests.api.world import app_of


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
