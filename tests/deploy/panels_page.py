"""A table of what every panel showed while sessions streamed, as Markdown."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from hcdv_stream.dashboards.files import BOARDS
from tests.dashboards.committed import Target

Answer = list[tuple[dict[str, str], float]]
_MOST = 3

_HEAD = """# Panels, and what each showed

Every query of every panel, asked of Prometheus while the compose file's services ran and its
simulator streamed. Written by the test that asks them:
`pytest tests/deploy/test_stack.py --panels docs/panels.md`."""


def write(path: Path, answers: Sequence[tuple[Target, Answer]]) -> None:
    """Write the table: of many series the first few."""
    lines = [_HEAD]
    for board in BOARDS:
        lines += [f"\n## {board.title}\n", "| panel | series | value |", "| --- | --- | --- |"]
        for target, answer in answers:
            if target.board == board.uid:
                heat = target.panel["type"] == "heatmap"  # whose cells are counts
                unit = "short" if heat else target.panel["fieldConfig"]["defaults"]["unit"]
                shown = "; ".join(_one(target, *series, unit) for series in answer[:_MOST])
                more = "; …" if len(answer) > _MOST else ""
                lines.append(f"| {target.panel['title']} | {len(answer)} | {shown}{more} |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _one(target: Target, labels: Mapping[str, str], value: float, unit: str) -> str:
    legend = target.query["legendFormat"]
    for name, text in labels.items():
        legend = legend.replace(f"{{{{{name}}}}}", text)
    return f"{legend}: {_shown(value, unit)}"


def _shown(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return "–"
    if unit == "percentunit":
        return f"{100 * value:.1f}%"
    if unit == "bytes":
        return f"{value / 2**20:.0f} MiB"
    endings = {"s": " s", "cps": "/s", "reqps": "/s", "Bps": " B/s"}
    return f"{value:.3g}{endings.get(unit, '')}"
