"""A board as Grafana reads it.

The JSON is written here and not by grafana-foundation-sdk: it is short, and the panels also carry
what the reference of metrics and the tests need, which the builders of that library do not hold.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from hcdv_stream.dashboards.panel import DATASOURCE, Json
from hcdv_stream.dashboards.row import Row

TAG = "hcdv"
OURS = '{__name__=~"hcdv_.+"}'
"""Any series of a worker or an API: jobs and instances to choose from are theirs."""
_COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Board:
    """Rows of panels under a ``uid`` that never changes, which is also the file's name."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]

    @property
    def file(self) -> str:
        """Name of the file that holds it."""
        return f"{self.uid}.json"

    def text(self) -> str:
        """Return the board as the file holds it."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"

    def to_json(self) -> Json:
        """Return the whole board."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": [TAG],
            "editable": False,
            "graphTooltip": 1,
            "refresh": "10s",
            "schemaVersion": 39,
            "time": {"from": "now-30m", "to": "now"},
            "timezone": "browser",
            "links": [_LINKS],
            "templating": {
                "list": [
                    _datasource(),
                    _choice("job", OURS),
                    _choice("instance", OURS.replace("}", ', job=~"$job"}')),
                    _choice("topic", OURS.replace("}", ', job=~"hcdv-worker"}')),
                ]
            },
            "panels": self._panels(),
        }

    def _panels(self) -> list[Json]:
        """Lay the rows out from top to bottom; ids count up in that order."""
        panels: list[Json] = []
        top = 0
        for row in self.rows:
            panels.append(_heading(row, len(panels) + 1, top))
            top += 1
            across = _COLUMNS // row.width
            for index, panel in enumerate(row.panels):
                line, column = divmod(index, across)
                place = (column * row.width, top + line * row.height, row.width, row.height)
                panels.append(panel.to_json(len(panels) + 1, *place))
            top += -(-len(row.panels) // across) * row.height
        return panels


_LINKS: Json = {
    "type": "dashboards",
    "title": "hcdv boards",
    "tags": [TAG],
    "asDropdown": False,
    "includeVars": True,
    "keepTime": True,
}
"""From each board to the others, with the reader's choices."""


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
