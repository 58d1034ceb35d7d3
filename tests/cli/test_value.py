import json
import re
import signal
import subprocess
import sys

import orjson
import pyarrow.parquet
import pytest
import typer

from hcdv_stream.cli.commands.value import TREES, value
from hcdv_stream.cli.main import run
from hcdv_stream.offline.method_options import OPTIONS_OF
from hcdv_stream.offline.methods import METHODS

from .conftest import ROLES, ROWS


@pytest.fixture(scope="module")
def bundle(clicks, tmp_path_factory):
    """A bundle that every test reads and none changes."""
    place = tmp_path_factory.mktemp("trained") / "bundle"
    with pytest.MonkeyPatch.context() as patch:
        arguments = ("train", "--input", clicks, *ROLES, "--bundle", place)
        patch.setattr(sys, "argv", ["hcdv-stream", *map(str, arguments)])
        with pytest.raises(SystemExit):
            run()
    return place


def summary(table):
    return orjson.loads(table.schema.metadata[b"hcdv_stream"])


def test_one_row_per_example_in_the_files_order(hcdv, clicks, bundle, tmp_path):
    out = tmp_path / "values.parquet"
    code, printed, _ = hcdv("value", "--input", clicks, *ROLES, "--bundle", bundle, "--out", out)
    assert code == 0
    table = pyarrow.parquet.read_table(out)
    assert table.column_names == [
        "id",
        "label",
        "value",
        "stderr",
        "evaluated",
        "leaf",
        "path",
        "provider",
        "doubt",
    ]
    assert table["id"].to_pylist() == [f"s{row}" for row in range(ROWS)]
    assert set(table["label"].to_pylist()) == {"0", "1"}
    assert table["provider"].to_pylist()[:2] == ["shop 0", "shop 1"]
    for leaf, path in zip(*(table[name].to_pylist() for name in ("leaf", "path")), strict=True):
        assert re.fullmatch(r"(p0-n\d+/)+p0-l\d+", path)
        assert path.rpartition("/")[2] == leaf
    assert f"{ROWS} examples in" in printed


def test_values_sum_to_the_total(hcdv, clicks, bundle, tmp_path):
    out = tmp_path / "values.parquet"
    arguments = ("--bundle", bundle, "--out", out, "--json", "-")
    _, printed, _ = hcdv("value", "--input", clicks, *ROLES, *arguments)
    reported = json.loads(printed)
    table = pyarrow.parquet.read_table(out)
    assert sum(table["value"].to_pylist()) == pytest.approx(reported["total"], abs=1e-9)
    assert reported["efficiency_residual"] < 1e-9
    assert reported["updates"] == ROWS // 150
    stored = summary(table)
    assert stored.pop("validation_ids") == []
    assert stored == reported


def test_without_a_bundle_the_judges_are_reported_and_not_valued(hcdv, clicks, tmp_path):
    out, facts = tmp_path / "values.parquet", tmp_path / "facts.json"
    arguments = ("--out", out, "--json", facts, "--seed", "3")
    code, printed, _ = hcdv("value", "--input", clicks, *ROLES, *arguments)
    assert code == 0
    table = pyarrow.parquet.read_table(out)
    judges = summary(table)["validation_ids"]
    assert len(judges) == pytest.approx(ROWS / 10, abs=2)
    assert set(judges) | set(table["id"].to_pylist()) == {f"s{row}" for row in range(ROWS)}
    assert len(table) == ROWS - len(judges) == json.loads(facts.read_text())["examples_valued"]
    assert f"{len(judges)} rows became the validation set" in printed
    first = out.read_bytes()
    hcdv("value", "--input", clicks, *ROLES, *arguments)
    assert out.read_bytes() == first


def test_the_last_row_of_an_id_counts_and_rows_that_do_not_fit_are_counted(
    hcdv, clicks, bundle, tmp_path
):
    lines = clicks.read_text().splitlines()
    bad = [
        ",".join(["bad1", "0", "", "", "de", "True"]),
        ",".join(["bad2", "0", "", "1", "", "maybe"]),
    ]
    again = lines[1].replace("s0,400", "s0,999")
    unlabelled = "none,1,,1,de,"
    source = tmp_path / "more.csv"
    source.write_text("\n".join([*lines, *bad, again, unlabelled]) + "\n")
    out = tmp_path / "values.parquet"
    arguments = ("--bundle", bundle, "--out", out)
    _, printed, _ = hcdv("value", "--input", source, *ROLES, *arguments)
    table = pyarrow.parquet.read_table(out)
    facts = summary(table)
    assert facts["rejected"] == {"null_feature": 1, "unknown_label": 1}
    assert (facts["replaced"], facts["unlabelled_rows"]) == (1, 1)
    assert sorted(table["id"].to_pylist()) == sorted(f"s{row}" for row in range(ROWS))
    assert table["id"].to_pylist()[-1] == "s0"
    assert "1 rows were rejected: unknown_label" in printed


def test_utilities_are_weighed_when_values_are_read(hcdv, clicks, bundle, tmp_path):
    found = {}
    for utility in ("balanced", "class:True", "class:False"):
        out = tmp_path / "values.parquet"
        arguments = ("--bundle", bundle, "--out", out, "--utility", utility, "--lambda", "0")
        hcdv("value", "--input", clicks, *ROLES, *arguments)
        found[utility] = pyarrow.parquet.read_table(out)["value"].to_numpy()
    mean = (found["class:True"] + found["class:False"]) / 2
    assert found["balanced"] == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "v.csv"), "v.csv: the name must end in .parquet"),
        (("--out", "absent/v.parquet"), "make the folder absent first"),
        (("--out", "v.parquet", "--bundle", "absent"), "there is no bundle at absent"),
        (("--out", "v.parquet", "--utility", "best"), "utility must be balanced, accuracy or"),
        (("--out", "v.parquet", "--utility", "class:x"), "names the class 'x'"),
        (("--out", "v.parquet", "--beta", "2"), "beta must lie in [0, 1]"),
        (("--out", "v.parquet", "--drop", "nope"), "--drop nope: there is no such feature"),
    ],
)
def test_errors_are_one_sentence(hcdv, clicks, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, _, printed = hcdv("value", "--input", clicks, *ROLES, *arguments)
    assert code == 1
    assert message in " ".join(printed.split())
    assert not list(tmp_path.iterdir())


def test_a_bundle_of_another_table(hcdv, clicks, bundle, tmp_path):
    arguments = ("--bundle", bundle, "--out", tmp_path / "v.parquet", "--drop", "pages")
    code, _, printed = hcdv("value", "--input", clicks, *ROLES, *arguments)
    assert code == 1
    assert "the bundle needs the column 'pages'" in " ".join(printed.split())


@pytest.mark.parametrize(
    "loaded",
    [
        pytest.param("hcdv_stream.errors", id="while the command line loads"),
        pytest.param("torch.nn", id="while the trainer loads"),
        pytest.param("torch._dynamo", id="while it trains"),
    ],
)
def test_ctrl_c_leaves_nothing(clicks, tmp_path, loaded):
    out = tmp_path / "values.parquet"
    many = tmp_path / "many.csv"
    header, *rows = clicks.read_text().splitlines()
    many.write_text("\n".join([header, *rows * 20]) + "\n")
    command = [sys.executable, "-X", "importtime", "-m", "hcdv_stream", "value"]
    command += ["--input", str(many), *ROLES, "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert any(line.split()[-1:] == [loaded] for line in process.stderr)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["many.csv"]


def test_help_has_an_example(hcdv):
    _, printed, _ = hcdv("value", "--help")
    assert "Example: hcdv-stream value --input" in printed


def test_a_method_without_a_tree(hcdv, clicks, bundle, tmp_path):
    out = tmp_path / "values.parquet"
    arguments = ("--bundle", bundle, "--out", out, "--method", "group", "--groups", "provider")
    code, printed, _ = hcdv("value", "--input", clicks, *ROLES, *arguments)
    assert code == 0
    table = pyarrow.parquet.read_table(out)
    assert table.column_names == ["id", "label", "value", "stderr", "provider"]
    facts = summary(table)
    assert (facts["method"], facts["learner"], facts["metric"]) == ("group", "ridge", "balanced")
    assert f"{ROWS} examples valued by {facts['evaluations']} evaluations" in printed


def test_algorithm_1_for_a_learner(hcdv, clicks, bundle, tmp_path):
    out = tmp_path / "values.parquet"
    how = ("--levels", "3,2", "--permutations", "8", "--leaf-size", "12", "--lambda", "0.2")
    interpretation = ("--interpretation", "players=level,leaf=uniform")
    choices = (*interpretation, "--learner", "logistic", "--seed", "5")
    arguments = ("--bundle", bundle, "--out", out, "--method", "algorithm1", *how, *choices)
    code, printed, _ = hcdv("value", "--input", clicks, *ROLES, *arguments)
    assert code == 0
    assert "evaluations in 6 leaves; total" in printed
    facts = summary(pyarrow.parquet.read_table(out))
    assert (facts["learner"], facts["lambda"], facts["rounds"]) == ("logistic", 0.2, 1)
    wanted = {"levels": "1/3/6", "permutations": 8, "leaf_size": 12, "players": "level"}
    assert facts["parameters"].items() >= wanted.items()
    assert facts["efficiency_residual"] < 1e-9


@pytest.mark.parametrize(
    ("option", "given", "complaint"),
    [
        ("--levels", "4,x", "--levels must be numbers K1,K2,..., got '4,x'"),
        ("--levels", "4,0", "--levels must each be at least 1"),
        ("--interpretation", "omega=all", "--interpretation: omega must be one of fallback, blend"),
        ("--interpretation", "depth=2", "--interpretation: it must be one of players, scope"),
    ],
)
def test_a_hierarchy_that_cannot_be_is_refused(hcdv, clicks, tmp_path, option, given, complaint):
    arguments = ("--out", tmp_path / "v.parquet", "--method", "algorithm1", option, given)
    code, _, printed = hcdv("value", "--input", clicks, *ROLES, *arguments)
    assert code == 1
    assert complaint in " ".join(printed.split())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--learner", "forest"), "--learner has no effect on hcdv: leave it out"),
        (("--method", "hcdv-full", "--jobs", 2), "--jobs has no effect on hcdv-full"),
        (("--method", "random", "--metric", "auc"), "--metric has no effect on random"),
        (("--method", "loo", "--seconds", 5), "--seconds has no effect on loo"),
        (("--method", "tmc", "--beta", 0.2), "--beta has no effect on tmc"),
        (("--method", "banzhaf", "--lambda", 0.2), "--lambda has no effect on banzhaf"),
        (("--method", "knn-shapley", "--groups", "label"), "--groups has no effect on knn-shapley"),
        (("--method", "data-oob", "--learner", "ridge"), "--learner has no effect on data-oob"),
        (("--method", "owen", "--permutations", 8), "--permutations has no effect on owen"),
        (
            ("--method", "owen", "--interpretation", "omega=blend"),
            "--interpretation omega=blend has no effect on owen",
        ),
        (
            ("--method", "algorithm1", "--interpretation", "orders=antithetic"),
            "--interpretation orders=antithetic has no effect on algorithm1",
        ),
        (("--method", "group", "--groups", "provider"), "--groups provider needs --provider"),
    ],
)
def test_options_without_effect_are_refused(hcdv, clicks, tmp_path, arguments, complaint):
    files = ("--input", clicks, "--label", "bought", "--out", tmp_path / "v.parquet")
    code, _, printed = hcdv("value", *files, *arguments)
    assert code == 1
    assert complaint in " ".join(printed.split())
    assert not (tmp_path / "v.parquet").exists()


def test_the_game_algorithm1_fixes_the_utility(hcdv, clicks, tmp_path, monkeypatch):
    monkeypatch.setenv("HCDV_GAME", "algorithm1")
    files = ("--input", clicks, "--label", "bought", "--out", tmp_path / "v.parquet")
    code, _, printed = hcdv("value", *files, "--utility", "accuracy")
    assert code == 1
    assert "--utility has no effect on the game algorithm1" in " ".join(printed.split())


def test_the_options_of_every_method_are_known():
    assert OPTIONS_OF.keys() - {"the game algorithm1"} == {*TREES, *METHODS}
    options = {each.name for each in typer.main.get_command(value_app()).params}
    assert frozenset().union(*OPTIONS_OF.values()) <= options


def value_app():
    app = typer.Typer()
    app.command()(value)
    return app


def test_a_picture_of_any_methods_values(hcdv, clicks, bundle, tmp_path):
    out, picture = tmp_path / "values.parquet", tmp_path / "values.svg"
    arguments = ("--bundle", bundle, "--out", out, "--method", "knn-shapley", "--plot", picture)
    code, _, _ = hcdv("value", "--input", clicks, *ROLES, *arguments)
    assert code == 0
    drawn = picture.read_text()
    labels = pyarrow.parquet.read_table(out)["label"].to_pylist()
    classes = [f"{name} ({labels.count(name)})" for name in set(labels)]
    assert len(classes) == 2
    for text in ("Values by knn-shapley", *classes):
        assert f"<!-- {text} -->" in drawn


def test_a_picture_of_no_known_kind_is_refused_before_valuing(hcdv, clicks, tmp_path):
    out = tmp_path / "values.parquet"
    arguments = ("--out", out, "--plot", tmp_path / "values.doc")
    code, _, complaint = hcdv("value", "--input", clicks, *ROLES, *arguments)
    assert code == 1
    assert "the name must end in .png or .svg or .pdf" in " ".join(complaint.split())
    assert not out.exists()


def test_the_tree_of_everything_at_once(hcdv, clicks, bundle, tmp_path):
    out = tmp_path / "values.parquet"
    arguments = ("--bundle", bundle, "--out", out, "--method", "hcdv-full", "--json", "-")
    _, printed, _ = hcdv("value", "--input", clicks, *ROLES, *arguments)
    reported = json.loads(printed)
    assert (reported["method"], reported["examples_valued"]) == ("hcdv-full", ROWS)
    assert reported["efficiency_residual"] < 1e-9


@pytest.mark.parametrize(
    ("option", "given", "names"),
    [
        ("--method", "shap", "hcdv, hcdv-full, random"),
        ("--learner", "svm", "ridge, routed-knn"),
        ("--metric", "f1", "accuracy, balanced"),
        ("--groups", "age", "label, cluster, provider"),
    ],
)
def test_what_there_is_not_is_refused(hcdv, clicks, tmp_path, option, given, names):
    arguments = ("--out", tmp_path / "v.parquet", "--method", "group", option, given)
    code, _, complaint = hcdv("value", "--input", clicks, *ROLES, *arguments)
    assert code == 1
    assert f"{option} must be one of {names}" in " ".join(complaint.split())


def test_members_are_as_many_encoders_with_one_v(hcdv, clicks, tmp_path):
    out = tmp_path / "values.parquet"
    files = ("--input", clicks, *ROLES, "--out", out, "--json", "-")
    _, printed, _ = hcdv("value", *files)
    alone = json.loads(printed)
    code, printed, _ = hcdv("value", *files, "--members", 2)
    assert code == 0
    reported, table = json.loads(printed), pyarrow.parquet.read_table(out)
    assert table.column_names == ["id", "label", "value", "stderr", "evaluated", "provider"]
    assert (reported["members"], len(set(reported["bundles"]))) == (2, 2)
    assert reported["bundles"][0] == alone["bundle"] == reported["bundle"]
    assert reported["examples_valued"] == alone["examples_valued"] == len(table)
    assert sum(table["value"].to_pylist()) == pytest.approx(reported["total"], abs=1e-9)
    assert reported["efficiency_residual"] < 1e-9


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--members", 2, "--bundle", "b"), "--members 2 needs as many encoders, and --bundle has"),
        (("--members", 2, "--method", "tmc"), "--members has no effect on tmc"),
    ],
)
def test_members_that_cannot_be_are_refused(hcdv, clicks, tmp_path, arguments, complaint):
    files = ("--input", clicks, "--label", "bought", "--out", tmp_path / "v.parquet")
    code, _, printed = hcdv("value", *files, *arguments)
    assert code == 1
    assert complaint in " ".join(printed.split())
