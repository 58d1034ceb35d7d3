"""The rules of Grafana's dashboard-linter, which is a Go program, as tests by their names there.

``target-promql-rule`` is in ``test_boards``, where Prometheus itself parses what panels ask.
"""

import re

import pytest

from hcdv_stream.dashboards.exported import exported
from tests.dashboards.committed import COMMITTED, Json, Target, panels, targets, variables

UNITS = {"short", "s", "sci", "cps", "reqps", "Bps", "bytes", "percentunit"}
"""Those of Grafana's units that say what is measured here."""
COUNTERS = re.compile(r"(\w*)\((?:hcdv_\w+_(?:total|bucket|sum|count))\{")
EVERY_BOARD = pytest.mark.parametrize("board", COMMITTED)
EVERY_TARGET = pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)


@EVERY_BOARD
def test_template_datasource_rule(board: str) -> None:
    source = variables(board)["datasource"]
    assert (source["type"], source["query"], source["label"]) == (
        "datasource",
        "prometheus",
        "Data source",
    )
    assert source["hide"] == 0


def choice(board: str, name: str) -> Json:
    one = variables(board)[name]
    assert (one["type"], one["label"]) == ("query", name.capitalize())
    assert one["datasource"]["uid"] == "${datasource}"
    assert (one["multi"], one["includeAll"], one["allValue"]) == (True, True, ".+")
    return one


@EVERY_BOARD
def test_template_job_rule(board: str) -> None:
    choice(board, "job")


@EVERY_BOARD
def test_template_instance_rule(board: str) -> None:
    assert 'job=~"$job"' in choice(board, "instance")["query"]["query"]


@EVERY_BOARD
def test_a_topic_can_be_chosen(board: str) -> None:
    choice(board, "topic")


@EVERY_TARGET
def test_what_has_a_topic_is_of_the_topic_chosen(target: Target) -> None:
    of_a_topic = {
        name for one in exported() for name, labels in one.series.items() if "topic" in labels
    }
    for name, selector in re.findall(r"\b(hcdv_\w+|up)(\{[^}]*\})?", target.expression):
        assert ('topic=~"$topic"' in selector) == (name in of_a_topic)


@EVERY_BOARD
def test_template_label_promql_rule(board: str) -> None:
    for name, one in variables(board).items():
        if one["type"] == "query":
            assert re.fullmatch(rf"label_values\({{.+}}, {name}\)", one["query"]["query"])
            assert one["definition"] == one["query"]["query"]


@EVERY_BOARD
def test_template_on_time_change_reload_rule(board: str) -> None:
    queries = [one for one in variables(board).values() if one["type"] == "query"]
    assert [one["refresh"] for one in queries] == [2, 2, 2]


@EVERY_BOARD
def test_template_required_variables_rule(board: str) -> None:
    assert list(variables(board)) == ["datasource", "job", "instance", "topic"]


@EVERY_BOARD
def test_uneditable_dashboard_rule(board: str) -> None:
    assert COMMITTED[board]["editable"] is False


@EVERY_BOARD
def test_panel_datasource_rule(board: str) -> None:
    for panel in panels(board):
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(one == {"type": "prometheus", "uid": "${datasource}"} for one in sources)


@EVERY_BOARD
def test_panel_title_description_rule(board: str) -> None:
    for panel in panels(board):
        assert panel["title"][0].isupper()
        assert panel["description"].endswith(".")
    assert all(row["title"] for row in COMMITTED[board]["panels"])


@EVERY_BOARD
def test_panel_units_rule(board: str) -> None:
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in panels(board)} <= UNITS


@EVERY_BOARD
def test_panel_no_targets_rule(board: str) -> None:
    assert all(panel["targets"] for panel in panels(board))


@EVERY_TARGET
def test_target_job_and_instance_rules(target: Target) -> None:
    selectors = re.findall(r"\b(?:hcdv_\w+|up)(\{[^}]*\})?", target.expression)
    assert selectors
    for selector in selectors:
        assert selector.startswith('{job=~"$job", instance=~"$instance"')


@EVERY_TARGET
def test_target_rate_interval_rule(target: Target) -> None:
    assert set(re.findall(r"\[([^\]]*)\]", target.expression)) <= {"$__rate_interval", "$__range"}


@EVERY_TARGET
def test_target_counter_agg_rule(target: Target) -> None:
    around = COUNTERS.findall(target.expression)
    assert set(around) <= {"rate", "increase"}
    assert bool(around) == ("[" in target.expression)
