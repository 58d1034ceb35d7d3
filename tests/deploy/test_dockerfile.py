"""The Dockerfile: clean to its linter, two stages, not root, built from all that it needs."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.deploy.compose import FOLDER, ROOT

DOCKERFILE = FOLDER / "Dockerfile"
CONSTRAINTS = ".ci/constraints.txt"
TEXT = DOCKERFILE.read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def copied() -> set[str]:
    """What is copied from the build's context."""
    lines = re.findall(r"^COPY (?!--)(.+) \S+$", TEXT, re.MULTILINE)
    return {name for line in lines for name in line.split()}


def test_linter_is_silent() -> None:
    linter = Path(sys.executable).parent / "hadolint"
    checked = subprocess.run(
        [str(linter), str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_context_holds_what_is_copied_and_nothing_else() -> None:
    let_through = {
        line.removeprefix("!")
        for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied() == let_through
    assert all((ROOT / name).exists() for name in copied())


def test_everything_that_the_package_is_built_from_is_copied() -> None:
    found = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    needed = {name.removesuffix("*") for name in found}
    links = [path for path in (ROOT / "hcdv_stream").iterdir() if path.is_symlink()]
    needed |= {CONSTRAINTS, *(path.readlink().name for path in links)}
    needed |= {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    assert copied() == needed


def test_every_installation_is_constrained_to_what_a_checkout_installs() -> None:
    assert f"COPY {CONSTRAINTS} constraints.txt" in TEXT
    installed = re.findall(r"pip install (.+)", TEXT)
    assert [each.removeprefix("--constraint constraints.txt ") for each in installed] == [
        "torch",
        '".[service]"',
    ]
    assert "torch==" not in TEXT


def test_two_stages_of_one_python_and_no_root() -> None:
    stages = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert len(stages) == 2
    assert len(set(stages)) == 1
    assert PROJECT["project"]["requires-python"] in (">=3.11",)
    assert stages[0].startswith("python:3.11-")
    final = TEXT.rpartition("FROM ")[2]
    (user,) = re.findall(r"^USER (\d+):(\d+)$", final, re.MULTILINE)
    assert all(int(part) > 0 for part in user)
    assert f"--uid {user[0]} " in final
