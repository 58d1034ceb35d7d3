"""A setting that is misspelt is named at start, with the name that was probably meant."""

import logging
import os
import subprocess
import sys

import pytest

from hcdv_stream.runtime.logs import warn_of_unknown_settings
from hcdv_stream.settings import Settings
from hcdv_stream.unknown_settings import unknown_settings


@pytest.mark.parametrize(
    ("name", "closest"),
    [
        ("HCDV_BOOTSTRAPS", "HCDV_BOOTSTRAP"),
        ("HCDV_NEIGHBORS", "HCDV_NEIGHBOURS"),
        ("HCDV_STATEDIR", "HCDV_STATE_DIR"),
        ("HCDV_SESSION_TIMEOUT", "HCDV_SESSION_TIMEOUT_SECONDS"),
        ("hcdv_topik", "HCDV_TOPIC"),
        ("hcdv_topic", "HCDV_TOPIC"),
        ("HCDV_XYZZY", None),
    ],
)
def test_unknown_names_come_with_the_closest(name: str, closest: str | None):
    assert unknown_settings({name: "1", "PATH": "/bin"}) == {name: closest}


def test_what_is_a_setting_or_another_s_is_not_named():
    known = {f"HCDV_{name.upper()}": "" for name in Settings.model_fields}
    others = {
        "HCDV_TEST_KAFKA": "/x",
        "HCDV_WORKER_SERVICE_HOST": "10.0.0.1",
        "HCDV_WORKER_SERVICE_PORT_METRICS": "9108",
        "HCDV_GATEWAY_PORT_8090_TCP_ADDR": "10.0.0.1",
    }
    assert unknown_settings(known | others) == {}


def test_a_command_says_so_and_goes_on():
    command = [
        sys.executable,
        "-m",
        "hcdv_stream",
        "topics",
        "create",
        "--bootstrap",
        "127.0.0.1:1",
    ]
    environment = os.environ | {"HCDV_TOPC": "x"}
    ended = subprocess.run(
        [*command, "--help"], capture_output=True, text=True, check=True, env=environment
    )
    assert "Usage" in ended.stdout
    said = "HCDV_TOPC is no setting and has no effect: did you mean HCDV_TOPIC?"
    assert said in " ".join(ended.stderr.split())


def test_a_service_says_so_in_its_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("HCDV_TOPC", "x")
    with caplog.at_level(logging.WARNING):
        warn_of_unknown_settings()
    (record,) = caplog.records
    assert record.getMessage() == "unknown setting"
    assert record.hcdv_fields == {"name": "HCDV_TOPC", "meant": "HCDV_TOPIC"}  # type: ignore[attr-defined]
