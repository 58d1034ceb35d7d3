"""The systemd units: their sections, and the services that they are."""

import re
import shlex
from collections import defaultdict
from pathlib import Path

from tests.deploy.compose import FOLDER
from tests.deploy.service import Service

SYSTEMD = FOLDER / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
PROGRAM = "/opt/hcdv/bin/hcdv-stream"
SETTINGS = SYSTEMD / "hcdv-stream.conf"


def directives(path: Path, instance: str = "") -> dict[str, list[str]]:
    """Every value of every directive of a unit, the instance's name filled in."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text().splitlines():
        if match := re.fullmatch(r"(\w+)=(.*)", line):
            found[match[1]].append(match[2].replace("%i", instance))
    return found


def settings_file() -> dict[str, str]:
    """What the file of settings holds."""
    return dict(re.findall(r"^(\w+)=(.*)$", SETTINGS.read_text(), re.MULTILINE))


def service(name: str, instance: str = "") -> Service:
    """A unit as a service."""
    unit = directives(SYSTEMD / name, instance)
    program, *command = shlex.split(unit["ExecStart"][0])
    assert program == PROGRAM
    own = dict(one.split("=", 1) for one in unit["Environment"])
    (stop,) = unit["TimeoutStopSec"]
    folders = [f"/var/lib/{one}" for one in unit["StateDirectory"]]
    return Service(command, settings_file() | own, mounts=folders, stop_seconds=float(stop))
