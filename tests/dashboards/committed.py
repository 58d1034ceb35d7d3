"""The boards as they are committed, and their expressions without Grafana's variables."""

import json
from dataclasses import dataclass
from typing import Any

from hcdv_stream.dashboards.files import BOARDS, GRAFANA

Json = dict[str, Any]

COMMITTED: dict[str, Json] = {
    board.uid: json.loads((GRAFANA / board.file).read_text()) for board in BOARDS
}
"""Every board by its uid."""


@dataclass(frozen=True)
class Target:
    """A query of a panel of a board."""

    board: str
    panel: Json
    query: Json

    @property
    def expression(self) -> str:
        return str(self.query["expr"])

    @property
    def name(self) -> str:
        return f"{self.board}: {self.panel['title']} {self.query['refId']}"


def panels(board: str) -> list[Json]:
    """The panels of a board, without the headings of its rows."""
    return [one for one in COMMITTED[board]["panels"] if one["type"] != "row"]


def variables(board: str) -> dict[str, Json]:
    return {one["name"]: one for one in COMMITTED[board]["templating"]["list"]}


def targets() -> list[Target]:
    """Every query of every panel of every board."""
    return [
        Target(board, panel, query)
        for board in COMMITTED
        for panel in panels(board)
        for query in panel["targets"]
    ]


def substituted(expression: str, window: str = "1m", span: str = "30m") -> str:
    """The expression as Grafana sends it: a rate's window, the range shown, all jobs chosen."""
    values = {
        "$__rate_interval": window,
        "$__range": span,
        "$job": ".+",
        "$instance": ".+",
        "$topic": ".+",
    }
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression
