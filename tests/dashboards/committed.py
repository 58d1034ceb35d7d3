"""The board as it is committed, and its expressions without Grafana's variables."""

import json
from typing import Any

from dashboards.board import PATH

COMMITTED: dict[str, Any] = json.loads(PATH.read_text())
PANELS: list[dict[str, Any]] = [one for one in COMMITTED["panels"] if one["type"] != "row"]
VARIABLES: dict[str, dict[str, Any]] = {one["name"]: one for one in COMMITTED["templating"]["list"]}


def targets() -> dict[str, dict[str, Any]]:
    """Every query of every panel, by the panel's title and the query's letter."""
    return {
        f"{panel['title']} {target['refId']}": target
        for panel in PANELS
        for target in panel["targets"]
    }


def substituted(expression: str, window: str = "1m", span: str = "30m") -> str:
    """The expression as Grafana sends it: a rate's window, the range shown, all jobs chosen."""
    values = {"$__rate_interval": window, "$__range": span, "$job": ".+", "$instance": ".+"}
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression
