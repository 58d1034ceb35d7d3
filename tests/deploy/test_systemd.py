"""The systemd units: systemd itself finds nothing wrong, and everything that they name is ours."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hcdv_stream.cli.main import app
from hcdv_stream.settings import Settings, load_settings
from tests.deploy.systemd import (
    PROGRAM,
    SETTINGS,
    SYSTEMD,
    UNITS,
    directives,
    service,
    settings_file,
)

EVERY_UNIT = pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
MOST_EXPOSED = 20
"""Tenths of systemd's scale of exposure, which goes to 10."""


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    path = shutil.which("systemd-analyze")
    assert path, "systemd-analyze is not installed: apt-get install systemd"
    return subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, check=False)


@EVERY_UNIT
def test_systemd_finds_nothing_wrong(path: Path, tmp_path: Path) -> None:
    here, installed = tmp_path / path.name, tmp_path / "hcdv-stream"
    # A space in a path would have to be quoted.
    installed.symlink_to(Path(sys.executable).parent / "hcdv-stream")
    here.write_text(path.read_text().replace(PROGRAM, str(installed)))
    checked = analyze("verify", "--man=no", here)
    assert (checked.returncode, checked.stderr) == (0, "")
    here.write_text(here.read_text().replace("RestartSec", "RestatrSec"))
    assert "RestatrSec" in analyze("verify", "--man=no", here).stderr


@EVERY_UNIT
def test_units_can_do_little(path: Path) -> None:
    checked = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", path)
    assert checked.returncode == 0, checked.stdout


@EVERY_UNIT
def test_commands_and_settings_are_ours(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = service(path.name, "9108")
    known = CliRunner().invoke(app, [*one.command, "--help"])
    assert known.exit_code == 0, known.output
    for setting, value in one.environment.items():
        assert setting.removeprefix("HCDV_").lower() in Settings.model_fields
        monkeypatch.setenv(setting, str(value))
    load_settings()


@EVERY_UNIT
def test_one_user_owns_what_settings_name(path: Path) -> None:
    unit = directives(path)
    users = re.findall(r"^u (\w+) ", (SYSTEMD / "hcdv-stream.sysusers").read_text(), re.MULTILINE)
    assert unit["User"] == users
    (folder,) = service(path.name).mounts
    assert unit["WorkingDirectory"] == [folder]
    places = settings_file()
    for name in ("HCDV_BUNDLE", "HCDV_STATE_DIR"):
        assert Path(places[name]).parent == Path(folder)
    assert unit["EnvironmentFile"] == [f"/etc/hcdv-stream/{SETTINGS.name}"]


@EVERY_UNIT
def test_they_are_started_anew_also_where_they_stall(path: Path) -> None:
    unit = directives(path)
    assert (unit["Restart"], unit["StartLimitIntervalSec"]) == (["always"], ["0"])
    assert (unit["Type"], unit["WatchdogSec"], unit["NotifyAccess"]) == (
        ["notify"],
        ["30"],
        ["main"],
    )


def test_systemd_makes_the_user(tmp_path: Path) -> None:
    program = shutil.which("systemd-sysusers")
    assert program, "systemd-sysusers is not installed: apt-get install systemd"
    (tmp_path / "etc").mkdir()
    file = SYSTEMD / "hcdv-stream.sysusers"
    made = subprocess.run(
        [program, f"--root={tmp_path}", str(file)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert "hcdv:" in (tmp_path / "etc" / "passwd").read_text()


@EVERY_UNIT
def test_states_are_private_and_files_do_not_run_out(path: Path) -> None:
    unit = directives(path)
    assert unit["StateDirectoryMode"] == ["0700"]
    assert int(unit["LimitNOFILE"][0]) >= 65536
