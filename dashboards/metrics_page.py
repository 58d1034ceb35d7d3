"""The reference of metrics, ``docs/metrics.md``, from the registries and the boards themselves."""

import re

from hcdv_stream.dashboards import api, latency, valuation
from hcdv_stream.dashboards.alerts import ALERTS
from hcdv_stream.dashboards.exported import API, GATEWAY, WORKER, Exported, exported
from hcdv_stream.dashboards.recordings import RECORDINGS
from hcdv_stream.dashboards.rules import Alert, Recording

_HEAD = """# Metrics

Generated from the registries, the boards and the rules: `python -m hcdv_stream.dashboards`.

A worker serves its metrics on `HCDV_METRICS_PORT` (9108), API and gateway on their own port, all
at `/metrics`. Prometheus adds `job` and `instance`; the boards and alerts go by the job names
`hcdv-worker`, `hcdv-api` and `hcdv-gateway`. Units are seconds, bytes, ratios (0 to 1) and counts.
Histograms have an edge at each objective, so that shares under it are exact.

| board | file |
| --- | --- |
"""


def metrics_page() -> str:
    """Return the page's text."""
    boards = (latency.BOARD, valuation.BOARD, api.BOARD)
    rows = [f"| {board.title} | `dashboards/grafana/{board.file}` |" for board in boards]
    sections = [
        _section("Worker", [one for one in exported() if one.jobs == (WORKER,)]),
        _section("API and gateway", [one for one in exported() if one.jobs == (API, GATEWAY)]),
        _section("API alone", [one for one in exported() if one.jobs == (API,)]),
        _section("Gateway alone", [one for one in exported() if one.jobs == (GATEWAY,)]),
        _section("Every process", [one for one in exported() if len(one.jobs) == 3]),
    ]
    return _HEAD + "\n".join(rows) + "\n" + "".join(sections) + _recordings() + _alerts()


def panels_of() -> dict[str, list[str]]:
    """Return which panels show each series, as ``board: panel``."""
    shown: dict[str, list[str]] = {}
    for board in (latency.BOARD, valuation.BOARD, api.BOARD):
        for panel in (panel for row in board.rows for panel in row.panels):
            text = " ".join(query.expression for query in panel.queries)
            for name in set(re.findall(r"\bhcdv_\w+", text)):
                shown.setdefault(name, []).append(
                    f"{board.uid.removeprefix('hcdv-')}: {panel.title}"
                )
    return shown


def _section(title: str, metrics: list[Exported]) -> str:
    lines = [f"\n## {title}\n", "| metric | kind | labels | meaning | panels |"]
    lines.append("| --- | --- | --- | --- | --- |")
    shown = panels_of()
    for one in metrics:
        (name, *_), panels = one.series, {p for s in one.series for p in shown.get(s, ())}
        name = one.name if one.kind == "histogram" else name
        about = one.about
        if one.edges:
            about += f" Edges: {', '.join(f'{edge:g}' for edge in one.edges)}."
        labels = ", ".join(f"`{label}`" for label in one.labels)
        lines.append(
            f"| `{name}` | {one.kind} | {labels} | {about} | {'; '.join(sorted(panels)) or '–'} |"
        )
    return "\n".join(lines) + "\n"


def _recordings() -> str:
    lines = ["\n## Recording rules\n", "| name | expression |", "| --- | --- |"]
    lines += [
        f"| `{rule.name}` | `{' '.join(rule.expression.split())}` |"
        for rule in RECORDINGS.rules
        if isinstance(rule, Recording)
    ]
    return "\n".join(lines) + "\n"


def _alerts() -> str:
    lines = ["\n## Alerts\n", "| alert | severity | fires when | held for |"]
    lines.append("| --- | --- | --- | --- |")
    for rule in (rule for group in ALERTS for rule in group.rules):
        assert isinstance(rule, Alert)
        expression = " ".join(rule.expression.split()).replace("|", "\\|")
        link = f"[{rule.name}](operations.md#{rule.name.lower()})"
        lines.append(f"| {link} | {rule.severity} | `{expression}` | {rule.hold} |")
    return "\n".join(lines) + "\n"
