"""``hcdv-stream experiment``: what it lists, refuses, prints and writes."""

import orjson
import pytest
from typer.testing import CliRunner

from hcdv_stream.cli.main import app
from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.experiment import ResultTable
from hcdv_stream.experiments.registry import EXPERIMENTS
from tests.experiments.files import write_sets


def run(*arguments):
    return CliRunner().invoke(app, ["experiment", *map(str, arguments)])


def test_list_names_them_all():
    result = run("list")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in EXPERIMENTS)


def test_an_unknown_name_is_refused_with_the_known_ones():
    error = run("qualty").exception
    assert isinstance(error, HcdvError)
    assert str(error) == f"no experiment 'qualty'; there are {', '.join(EXPERIMENTS)}"


def test_the_folder_of_the_output_is_checked_before_anything_runs(tmp_path):
    error = run("quality", "--out", tmp_path / "none" / "q.json").exception
    assert isinstance(error, HcdvError)
    assert "make the folder" in str(error)


def test_missing_data_says_which_option(tmp_path):
    error = run("tuning", "--small", "--data", tmp_path).exception
    assert isinstance(error, HcdvError)
    assert "--data" in str(error)


def test_tables_are_printed_and_the_result_written(tmp_path):
    data, out = write_sets(tmp_path / "data"), tmp_path / "tuning.json"
    result = run("tuning", "--small", "--seeds", 1, "--data", data, "--out", out)
    assert result.exit_code == 0, result.output
    assert "Tuning" in result.stdout
    stored = orjson.loads(out.read_bytes())
    assert stored["seeds"] == [100]
    (table,) = EXPERIMENTS["tuning"].tables(stored)
    assert next(row[:2] for row in table.rows) == ("defaults", "all")
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_markdown_of_a_table():
    table = ResultTable("Title", ("a", "b"), [("1", "2")], "Note.")
    assert table.markdown() == "### Title\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nNote.\n"


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_every_experiment_says_what_it_shows(name):
    assert EXPERIMENTS[name].name == name
    assert len(EXPERIMENTS[name].about) > 20
