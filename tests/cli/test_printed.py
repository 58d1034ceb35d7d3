"""Ids and names that producers chose command no terminal and feign nothing."""

import io

import pytest
from rich.console import Console

from hcdv_stream.cli.api_options import table

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


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_and_does_nothing(name):
    file = io.StringIO()
    Console(file=file, width=100, force_terminal=True).print(table(name, ("a",), [[name]]))
    shown = file.getvalue()
    assert shown.count(HOSTILE[name]) == 2
    assert len(shown.splitlines()) == 6, "title, three lines of frame, head and row"
    if name != HOSTILE[name]:
        assert name not in shown
