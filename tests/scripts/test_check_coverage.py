"""What `make coverage` reports: branches, with the ones that no test takes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.check_coverage import branch_percent, missed

PROGRAM = """
def sign(number):
    if number < 0:
        return -1
    for _ in range(number):
        return 1
    return 0

sign(-3)
sign(2)
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("measured")
    (directory / "program.py").write_text(PROGRAM)
    for command in (("run", "--branch", "program.py"), ("json", "-q", "-o", "found.json")):
        subprocess.run(
            [sys.executable, "-m", "coverage", *command, "--rcfile=/dev/null"],
            cwd=directory,
            check=True,
        )
    found: dict[str, Any] = json.loads((directory / "found.json").read_text())
    return found


def test_a_branch_that_is_not_taken_is_named_and_counts(report: dict[str, Any]) -> None:
    # `if` goes both ways, `for` is entered and never left at its end.
    assert branch_percent(report) == pytest.approx(75.0)
    assert missed(report) == ["program.py: 5->7"]


def test_a_measurement_of_lines_alone_is_no_answer(report: dict[str, Any]) -> None:
    lines_only = report | {"totals": report["totals"] | {"num_branches": 0}}
    with pytest.raises(ValueError, match="measure with `branch = true`"):
        branch_percent(lines_only)


def test_without_a_measurement_it_says_how_to_make_one(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n"
         "from scripts.check_coverage import main\nmain()"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == "there is no measurement yet; run `make coverage`\n"
