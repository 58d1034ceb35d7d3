"""A file of examples, and the command line called in this process."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from hcdv_stream.cli.main import run

ROWS = 400


@pytest.fixture(scope="session")
def clicks(tmp_path_factory) -> Path:
    """400 sessions with every role: ids, times in descending order, sellers, two classes."""
    path = tmp_path_factory.mktemp("input") / "clicks.csv"
    generator = np.random.default_rng(0)
    pages = generator.lognormal(size=ROWS)
    bought = np.log(pages) + generator.normal(scale=0.5, size=ROWS) > 0.5
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "when", "seller", "pages", "country", "bought"])
        for row in range(ROWS):
            country = ["de", "fr", ""][row % 3]
            writer.writerow(
                [f"s{row}", ROWS - row, f"shop {row % 2}", pages[row], country, bought[row]]
            )
    return path


ROLES = ("--label", "bought", "--id", "key", "--time", "when", "--provider", "seller")


class CommandLine:
    """Runs ``hcdv-stream`` with arguments; keeps what it printed and its exit code."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["hcdv-stream", *map(str, arguments)])
        self._monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as left:
            run()
        printed = self._capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), printed.out, printed.err


@pytest.fixture
def hcdv(monkeypatch, capsys) -> CommandLine:
    return CommandLine(monkeypatch, capsys)
