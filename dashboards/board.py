"""Writes ``hcdv-stream.json``, the board as Grafana reads it: ``python -m dashboards.board``."""

import json
from pathlib import Path

from dashboards import api, overview, tree, worker
from dashboards.panel import DATASOURCE, Json
from dashboards.row import Row

PATH = Path(__file__).parent / "hcdv-stream.json"
UID = "hcdv-stream"
ROWS = (overview.NOW, worker.LATENCY, worker.FRESHNESS, tree.TREE, api.API)
OURS = '{__name__=~"hcdv_.+"}'
"""Any series of a worker or an API: jobs and instances to choose from are theirs."""
_COLUMNS = 24


def board() -> Json:
    """Return the whole board."""
    return {
        "uid": UID,
        "title": "hcdv-stream",
        "description": "Values of training examples on a stream: is it fast, current and right?",
        "tags": ["hcdv"],
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "schemaVersion": 39,
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [
                _datasource(),
                _choice("job", OURS),
                _choice("instance", OURS.replace("}", ', job=~"$job"}')),
            ]
        },
        "panels": _panels(),
    }


def text() -> str:
    """Return the board as the file holds it."""
    return json.dumps(board(), indent=2, ensure_ascii=False) + "\n"


def _datasource() -> Json:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
    }


def _choice(label: str, series: str) -> Json:
    """Return a variable: which values of a label are shown, all of them at first."""
    query = f"label_values({series}, {label})"
    return {
        "name": label,
        "label": label.capitalize(),
        "type": "query",
        "datasource": dict(DATASOURCE),
        "query": {"query": query, "refId": label},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": 0,
    }


def _panels() -> list[Json]:
    """Lay the rows out from top to bottom; ids count up in that order."""
    panels: list[Json] = []
    top = 0
    for row in ROWS:
        panels.append(_heading(row, len(panels) + 1, top))
        top += 1
        across = _COLUMNS // row.width
        for index, panel in enumerate(row.panels):
            line, column = divmod(index, across)
            place = (column * row.width, top + line * row.height, row.width, row.height)
            panels.append(panel.to_json(len(panels) + 1, *place))
        top += -(-len(row.panels) // across) * row.height
    return panels


def _heading(row: Row, number: int, top: int) -> Json:
    place = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
    return {
        "id": number,
        "type": "row",
        "title": row.title,
        "gridPos": place,
        "collapsed": False,
        "panels": [],
    }


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
