"""The boards: what is committed is what the code says, and they show what is exported."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hcdv_stream.api import metrics as api_metrics
from hcdv_stream.dashboards import objectives
from hcdv_stream.dashboards.exported import TARGET, exported
from hcdv_stream.dashboards.files import FOLDER, checkout_files, files
from hcdv_stream.settings import Settings
from hcdv_stream.worker.metrics import definitions as worker_metrics
from tests.dashboards.committed import COMMITTED, Target, panels, substituted, targets
from tests.deploy.programs import program

NOT_SHOWN = {
    "hcdv_process_virtual_memory_bytes",
    "hcdv_process_start_time_seconds",
}
"""Metrics that are exported for other readers than the boards'."""
SERIES = {"up": set(TARGET)} | {
    name: labels for metric in exported() for name, labels in metric.series.items()
}
TARGETS = [pytest.param(target, id=target.name) for target in targets()]
FILES = {**files(), **checkout_files()}


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(hcdv_\w+|up)\b", expression))


def labels_in(expression: str) -> set[str]:
    groups = re.findall(r"\b(?:by|ignoring) \(([^)]*)\)", expression)
    kept = {part.strip() for group in groups for part in group.split(",")}
    return kept | set(re.findall(r"(\w+)[!=]~?\"", expression))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_generated_file_is_what_the_code_says(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == FILES[path], "run: python -m hcdv_stream.dashboards"


def test_boards_and_rules_travel_with_an_installed_package() -> None:
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["hcdv_stream.dashboards"]
    packed = {path for pattern in patterns for path in FOLDER.glob(pattern)}
    assert packed == files().keys()


@pytest.mark.parametrize("board", COMMITTED)
def test_panels_are_told_apart_and_do_not_overlap(board: str) -> None:
    titles = [panel["title"] for panel in panels(board)]
    assert len(set(titles)) == len(titles)
    ids = [panel["id"] for panel in COMMITTED[board]["panels"]]
    assert ids == list(range(1, len(ids) + 1))
    taken: set[tuple[int, int]] = set()
    for panel in COMMITTED[board]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + column, place["y"] + line)
            for column in range(place["w"])
            for line in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_boards_keep_their_addresses_and_lead_to_each_other() -> None:
    assert list(COMMITTED) == ["hcdv-latency", "hcdv-valuation", "hcdv-api"]
    for uid, board in COMMITTED.items():
        assert board["uid"] == uid
        (link,) = board["links"]
        assert set(link["tags"]) <= set(board["tags"])
        assert (link["includeVars"], link["keepTime"]) == (True, True)


@pytest.mark.parametrize("target", TARGETS)
def test_expressions_use_what_is_exported(target: Target) -> None:
    names = metrics_in(target.expression)
    assert names <= SERIES.keys()
    labels = set.union(*(SERIES[name] for name in names))
    assert labels_in(target.expression) <= labels
    shown = set(re.findall(r"{{(\w+)}}", target.query["legendFormat"]))
    assert shown <= labels_in(target.expression)


@pytest.mark.parametrize("board", COMMITTED)
def test_legends_tell_the_series_of_a_panel_apart(board: str) -> None:
    for panel in panels(board):
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert all(legends)
        assert len(set(legends)) == len(legends)
        for target in panel["targets"]:
            kept = {
                label.strip()
                for group in re.findall(r"\bby \(([^)]*)\)", target["expr"])
                for label in group.split(",")
            }
            assert kept - {"le"} <= set(re.findall(r"{{(\w+)}}", target["legendFormat"]))


def test_every_exported_metric_is_shown() -> None:
    shown = {name for target in targets() for name in metrics_in(target.expression)}
    for metric in exported():
        visible = bool(metric.series.keys() & shown)
        assert visible != (metric.name in NOT_SHOWN), metric.name
    assert {metric.name for metric in exported()} >= NOT_SHOWN


def test_exported_metrics_follow_the_conventions() -> None:
    for metric in exported():
        assert metric.about.endswith(".")
        assert all(re.fullmatch(r"hcdv_[a-z0-9_]+", name) for name in metric.series)
        assert not re.search(r"milli|micro|minutes|hours|kilo|_ms\b|percent$", metric.name)
        if metric.kind == "histogram":
            assert metric.name.endswith(("_seconds", "_items"))
            assert metric.edges


def test_expressions_are_parsed_by_prometheus(tmp_path: Path) -> None:
    rules: list[dict[str, Any]] = [
        {"record": f"board:query{number}", "expr": substituted(target.expression)}
        for number, target in enumerate(targets())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "boards", "rules": rules}]}))
    checked = subprocess.run(
        [program("promtool"), "check", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout


def test_objectives_are_edges_of_their_histograms() -> None:
    assert objectives.UPDATE_SECONDS in worker_metrics.SECONDS
    assert objectives.REQUEST_SECONDS in api_metrics.SECONDS
    assert objectives.VISIBLE_SECONDS in api_metrics.SECONDS
    assert Settings.model_fields["stall_seconds"].default == objectives.STALL_SECONDS


def thresholds(board: str, title: str) -> list[tuple[str, float | None]]:
    (panel,) = (one for one in panels(board) if one["title"] == title)
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return [(step["color"], step["value"]) for step in steps]


@pytest.mark.parametrize(
    ("board", "title", "steps"),
    [
        ("hcdv-latency", "Processes up", [("red", None), ("green", 1.0)]),
        ("hcdv-latency", "Records behind", [("green", None), ("red", 1500.0)]),
        ("hcdv-latency", "Free share of the disk", [("red", None), ("green", 0.1)]),
        ("hcdv-api", "Partitions that nobody serves", [("green", None), ("red", 1.0)]),
        ("hcdv-api", "Age of the view", [("green", None), ("red", 30.0)]),
        ("hcdv-api", "Point reads, error budget left", [("red", None), ("green", 0.0)]),
    ],
)
def test_what_is_wrong_is_red(
    board: str, title: str, steps: list[tuple[str, float | None]]
) -> None:
    assert thresholds(board, title) == steps
