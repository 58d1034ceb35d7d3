"""Ids and names that producers chose command no terminal and feign nothing."""

import io

import pytest
from rich.console import Console

from hcdv_stream.cli.api_options import table
from hcdv_stream.cli.commands import dlq
from hcdv_stream.cli.printed import shortened

HOSTILE = {
    "\x1b]0;owned\x07\x1b[2J": "\\x1b]0;owned\\x07\\x1b[2J",
    "a\nseller-9": "a\\nseller-9",
    "a\r\u2028b": "a\\r\\u2028b",
    "\u202eevil": "\\u202eevil",
    "\x9b31m": "\\x9b31m",
    "zero\u200bwidth": "zero\\u200bwidth",
    "[red]x[/]": "[red]x[/]",
    "ñ 中 💥": "ñ 中 💥",
}


def test_a_long_name_takes_one_cell_and_an_id_stays_whole():
    assert shortened("x" * 100) == "x" * 100
    assert shortened("[b]" + "x" * 5000) == r"\[b]" + "x" * 96 + "…"
    file = io.StringIO()
    long = "word " * 200
    rows = [["y" * 1024, long]]
    Console(file=file, width=100).print(table("t", ("id", "provider"), rows, text=2))
    shown = file.getvalue()
    assert shown.count("y") == 1024
    assert shown.count("word") == 20
    letter = {"key": "t/0/1", "time": "2026-01-31T12:00:00+00:00", "reason": "not_json"}
    letter |= {"provider": "z" * 5000, "replayed": False, "message": "m" * 5000}
    file = io.StringIO()
    Console(file=file, width=100).print(dlq._table([letter]))
    assert len(file.getvalue().splitlines()) < 40


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_and_does_nothing(name):
    file = io.StringIO()
    Console(file=file, width=100, force_terminal=True).print(table(name, ("a",), [[name]]))
    shown = file.getvalue()
    assert shown.count(HOSTILE[name]) == 2
    assert len(shown.splitlines()) == 6, "title, three lines of frame, head and row"
    if name != HOSTILE[name]:
        assert name not in shown
