"""The help of every command: it shows an example, and loads nothing that takes long."""

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from hcdv_stream.cli.main import COMMANDS, app

HEAVY = {"torch", "sklearn", "scipy", "joblib", "faust", "matplotlib", "pandas", "fastapi"}


def groups() -> list[tuple[str, ...]]:
    """Every command and every subcommand, as words on the command line."""
    found: list[tuple[str, ...]] = []
    for command in COMMANDS:
        found.append((command.name,))
        loaded = command.load()
        found += [(command.name, name) for name in getattr(loaded, "commands", {})]
    return found


@pytest.mark.parametrize("words", [(), *groups()], ids=" ".join)
def test_every_help_shows_an_example(words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*words, "--help"], terminal_width=200)
    assert shown.exit_code == 0
    text = " ".join(shown.output.split())
    assert f"Example: hcdv-stream {' '.join(words)}".strip() in text


@pytest.fixture(scope="module")
def loaded_by_help() -> dict[str, set[str]]:
    """The modules that each command's help loads, in a fork that has loaded the command line."""
    script = (
        "import json, os, sys\n"
        "from hcdv_stream.cli.main import COMMANDS, app\n"
        "for command in COMMANDS:\n"
        "    if os.fork():\n"
        "        os.wait()\n"
        "        continue\n"
        "    try: app([command.name, '--help'])\n"
        "    except SystemExit: pass\n"
        "    print(json.dumps([command.name, list(sys.modules)]), file=sys.stderr)\n"
        "    sys.exit()"
    )
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return {name: set(modules) for name, modules in map(json.loads, ran.stderr.splitlines())}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_no_help_loads_what_takes_long(
    command: typer.main.Any, loaded_by_help: dict[str, set[str]]
) -> None:
    assert "hcdv_stream.cli.main" in loaded_by_help[command.name]
    assert not loaded_by_help[command.name] & HEAVY
