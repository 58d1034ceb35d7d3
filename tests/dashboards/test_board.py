"""The board: what is committed is what the code says, and it shows what is exported."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dashboards import row, worker
from dashboards.board import PATH, text
from hcdv_stream.api import metrics as api_metrics
from hcdv_stream.settings import Settings
from hcdv_stream.worker import metrics as worker_metrics
from tests.dashboards.committed import COMMITTED, PANELS, VARIABLES, substituted, targets
from tests.dashboards.exported import exported, families, series_of
from tests.deploy.programs import program

UNITS = {"short", "s", "sci", "cps", "reqps", "Bps", "percentunit"}
NOT_SHOWN: set[str] = set()
"""Metrics that are exported for other readers than the board's."""
EXPRESSIONS = [pytest.param(target, id=name) for name, target in targets().items()]


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(hcdv_\w+|up)\b", expression))


def labels_in(expression: str) -> set[str]:
    kept = [
        part for group in re.findall(r"\bby \(([^)]*)\)", expression) for part in group.split(",")
    ]
    return {label.strip() for label in kept} | set(re.findall(r"(\w+)=~?\"", expression))


def test_the_file_is_what_the_code_says() -> None:
    assert PATH.read_text() == text(), "run: python -m dashboards.board"


def test_it_lies_beside_the_code_so_that_an_installed_package_has_it() -> None:
    assert PATH.parent == Path(row.__file__).parent


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_says_what_it_is(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["targets"]
    legends = [target["legendFormat"] for target in panel["targets"]]
    assert all(legends)
    assert len(set(legends)) == len(legends)


def test_names_are_unique() -> None:
    titles = [panel["title"] for panel in PANELS]
    assert len(set(titles)) == len(titles)
    ids = [panel["id"] for panel in COMMITTED["panels"]]
    assert ids == list(range(1, len(ids) + 1))


def test_panels_do_not_overlap_and_fit_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in COMMITTED["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + column, place["y"] + line)
            for column in range(place["w"])
            for line in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("target", EXPRESSIONS)
def test_expressions_use_what_is_exported(target: dict[str, Any]) -> None:
    expression, known = target["expr"], exported()
    assert metrics_in(expression) <= known.keys()
    labels = set.intersection(*(known[name] for name in metrics_in(expression)))
    assert labels_in(expression) <= labels
    assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= labels_in(expression)


@pytest.mark.parametrize("target", EXPRESSIONS)
def test_expressions_follow_the_choices_of_the_reader(target: dict[str, Any]) -> None:
    expression = target["expr"]
    selectors = re.findall(r"\b(?:hcdv_\w+|up)(\{[^}]*\})?", expression)
    assert set(selectors) == {'{job=~"$job", instance=~"$instance"}'}
    windows = re.findall(r"\[([^\]]*)\]", expression)
    assert set(windows) <= {"$__rate_interval", "$__range"}
    counters = re.findall(r"(\w*)\(hcdv_\w+_(?:total|bucket|sum|count)\{", expression)
    assert set(counters) <= {"rate", "increase"}
    assert bool(windows) == bool(counters)


def test_every_exported_metric_is_shown() -> None:
    shown = {name for target in targets().values() for name in metrics_in(target["expr"])}
    for metric in families():
        (family,) = metric.describe()
        assert bool(series_of(metric).keys() & shown) != (family.name in NOT_SHOWN), family.name
    assert {family.name for metric in families() for family in metric.describe()} >= NOT_SHOWN


def test_exported_metrics_follow_the_conventions() -> None:
    for metric in families():
        for name in series_of(metric):
            assert re.fullmatch(r"hcdv_[a-z0-9_]+", name)
        (family,) = metric.describe()
        assert family.documentation.endswith(".")
        if family.type == "histogram":
            assert family.name.endswith(("_seconds", "_items"))


def test_expressions_are_parsed_by_prometheus(tmp_path: Path) -> None:
    rules = [
        {"record": f"board:query{number}", "expr": substituted(target["expr"])}
        for number, target in enumerate(targets().values())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))
    checked = subprocess.run(
        [program("promtool"), "check", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout


def test_choices_are_those_of_our_processes() -> None:
    assert list(VARIABLES) == ["datasource", "job", "instance"]
    for name in ("job", "instance"):
        one = VARIABLES[name]
        assert one["datasource"]["uid"] == "${datasource}"
        assert (one["multi"], one["includeAll"], one["allValue"]) == (True, True, ".+")
        assert one["query"]["query"].endswith(f", {name})")
        assert one["refresh"] == 2  # when the time range changes


def test_objectives_are_edges_of_their_histograms() -> None:
    assert row.LATENCY_OBJECTIVE in worker_metrics.SECONDS
    assert row.DELAY_OBJECTIVE in api_metrics.SECONDS
    assert Settings.model_fields["stall_seconds"].default == worker.STALL_OBJECTIVE
