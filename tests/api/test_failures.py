"""What goes wrong when API or gateway are started is said in one sentence, with what to do."""

import socket
import sys

import pytest

from hcdv_stream.broker.embedded import free_port
from hcdv_stream.cli.main import run


@pytest.fixture
def said(monkeypatch, capsys):
    """The one line that a command fails with."""

    def line(*command: str) -> str:
        monkeypatch.setattr(sys, "argv", ["hcdv-stream", *command])
        with pytest.raises(SystemExit) as failed:
            run()
        assert failed.value.code == 1
        (only,) = capsys.readouterr().err.splitlines()
        return only

    return line


def test_a_port_that_is_taken(said):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = said("gateway", "--sidecars", "http://127.0.0.1:1", "--port", port)
    assert line.startswith(f"error: HCDV_GATEWAY_HOST=127.0.0.1 HCDV_GATEWAY_PORT={port} cannot")
    assert line.endswith("choose another port, or 0 for a free one")


def test_a_state_directory_that_is_none(tmp_path, said):
    (tmp_path / "file").touch()
    line = said("api", "--state-dir", str(tmp_path / "file"), "--port", "0")
    assert line.endswith("file is no directory: name the worker's")


def test_an_address_that_is_none(said):
    line = said("gateway", "--sidecars", "http://127.0.0.1:1,there:8080", "--port", "0")
    assert line.startswith("error: HCDV_GATEWAY_SIDECARS='there:8080': it must be an address")
    assert said("top", "--url", "there").startswith("error: HCDV_API_URL='there': it must be")


def test_keys_that_are_needed_missing_or_broken(tmp_path, said):
    assert "name their file in HCDV_API_KEYS" in said("api", "--host", "0.0.0.0", "--port", "0")
    keys = tmp_path / "keys"
    line = said("api", "--keys", str(keys), "--port", "0")
    assert line.endswith("make it with `hcdv-stream key`")
    keys.write_text("no key\n")
    line = said("api", "--keys", str(keys), "--port", "0")
    assert "line 1 is not NAME SCOPE" in line


def test_nobody_there(said):
    line = said("top", "--url", f"http://127.0.0.1:{free_port()}")
    assert line.endswith("see that the API runs there")
