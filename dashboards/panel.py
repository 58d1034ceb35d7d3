"""A panel of the board and what Grafana reads of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["stat", "timeseries", "heatmap"]
Json = dict[str, Any]

DATASOURCE: Mapping[str, str] = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and how the series that it returns are called: ``{{label}}`` is its value."""

    expression: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: ``title``, a ``description`` that says what to read from it, a Grafana ``unit``.

    ``objective`` is the value that it should stay under, shown as a line or as a colour; ``floor``
    is one that it should reach. ``least`` is where the axis begins, None where values may be
    negative.
    """

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    kind: Kind = "timeseries"
    stacked: bool = False
    objective: float | None = None
    floor: float | None = None
    least: float | None = 0.0

    def to_json(self, number: int, left: int, top: int, width: int, height: int) -> Json:
        """Return the panel as number ``number``, at a place of Grafana's grid of 24 columns."""
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": dict(DATASOURCE),
            "gridPos": {"x": left, "y": top, "w": width, "h": height},
            "targets": [
                self._target(chr(ord("A") + index), query)
                for index, query in enumerate(self.queries)
            ],
            "fieldConfig": {"defaults": self._field(), "overrides": []},
            "options": self._options(),
        }

    def _target(self, letter: str, query: Query) -> Json:
        return {
            "refId": letter,
            "datasource": dict(DATASOURCE),
            "expr": query.expression,
            "legendFormat": query.legend,
            "format": "heatmap" if self.kind == "heatmap" else "time_series",
            "instant": False,
            "range": True,
        }

    def _field(self) -> Json:
        steps: list[Json] = [{"color": "green", "value": None}]
        if self.floor is not None:
            steps = [{"color": "red", "value": None}, {"color": "green", "value": self.floor}]
        if self.objective is not None:
            steps.append({"color": "red", "value": self.objective})
        field: Json = {
            "unit": self.unit,
            "thresholds": {"mode": "absolute", "steps": steps},
        }
        if self.least is not None:
            field["min"] = self.least
        if self.kind == "timeseries":
            field["custom"] = {
                "lineWidth": 1,
                "fillOpacity": 40 if self.stacked else 5,
                "showPoints": "never",
                "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"},
                "thresholdsStyle": {"mode": "dashed" if self._has_line else "off"},
            }
            field["color"] = {"mode": "palette-classic"}
        if self.kind == "stat":
            field["color"] = {"mode": "thresholds"}
        return field

    @property
    def _has_line(self) -> bool:
        return self.objective is not None or self.floor is not None

    def _options(self) -> Json:
        if self.kind == "stat":
            calculation = {"calcs": ["lastNotNull"], "fields": "", "values": False}
            return {"reduceOptions": calculation, "colorMode": "value", "graphMode": "area"}
        if self.kind == "heatmap":
            return {
                "calculate": False,
                "yAxis": {"unit": self.unit},
                "cellGap": 1,
                "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
                "tooltip": {"mode": "single", "yHistogram": True},
            }
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
