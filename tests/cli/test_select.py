import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest


@pytest.fixture
def values(tmp_path):
    """100 examples: the first 80 of class a; the higher the number, the higher the value.

    The first 20 are worth less than nothing.
    """
    path = tmp_path / "values.parquet"
    table = {
        "id": [f"e{i:02d}" for i in range(100)],
        "label": ["a"] * 80 + ["b"] * 20,
        "value": (np.arange(100) - 20) / 100,
    }
    pyarrow.parquet.write_table(pa.table(table), path)
    return path


def test_spread_drops_what_does_harm_and_draws_evenly(hcdv, values, tmp_path):
    out = tmp_path / "ids.csv"
    code, printed, _ = hcdv("select", "--input", values, "--share", 0.3, "--out", out)
    assert code == 0
    assert "30 of 100 examples" in printed
    chosen = pyarrow.csv.read_csv(out)
    numbers = [int(name[1:]) for name in chosen["id"].to_pylist()]
    labels = chosen["label"].to_pylist()
    assert labels.count("a") == labels.count("b") == 15
    assert min(numbers) >= 20
    assert numbers != list(range(70, 100))


def test_what_is_judged_says_how_many_do_harm(hcdv, values, tmp_path):
    table, out = pyarrow.parquet.read_table(values), tmp_path / "ids.csv"
    evaluated = np.where(np.arange(100) < 60, 1.0, -1.0)
    pyarrow.parquet.write_table(table.append_column("evaluated", [evaluated]), values)
    hcdv("select", "--input", values, "--share", 0.74, "--out", out)
    numbers = [int(name[1:]) for name in pyarrow.csv.read_csv(out)["id"].to_pylist()]
    assert numbers == [*range(20, 80), *range(86, 100)]  # 20 of the 80, of the 20 at most 30%


def test_spread_is_seeded(hcdv, values, tmp_path):
    found = []
    for seed in (1, 1, 2):
        out = tmp_path / "ids.csv"
        hcdv("select", "--input", values, "--share", 0.2, "--out", out, "--seed", seed)
        found.append(out.read_text())
    assert found[0] == found[1] != found[2]


def test_top_takes_the_highest_values(hcdv, values, tmp_path):
    out = tmp_path / "ids.parquet"
    arguments = ("--share", 0.1, "--strategy", "top", "--out", out)
    hcdv("select", "--input", values, *arguments)
    chosen = pyarrow.parquet.read_table(out)
    assert sorted(chosen["id"].to_pylist()) == [f"e{i}" for i in range(90, 100)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--share", "0"), "share must lie in (0, 1]"),
        (("--share", "1.1"), "share must lie in (0, 1]"),
        (("--share", "0.1", "--input", "absent.parquet"), "there is no such file"),
        (("--share", "0.1", "--out", "ids.txt"), "must end in .csv or .parquet"),
    ],
)
def test_errors_are_one_sentence(hcdv, values, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, _, printed = hcdv("select", "--input", values, "--out", "ids.csv", *arguments)
    assert code == 1
    assert message in " ".join(printed.split())


def test_a_file_that_value_did_not_write(hcdv, tmp_path):
    path = tmp_path / "other.parquet"
    pyarrow.parquet.write_table(pa.table({"id": ["a"], "label": ["b"]}), path)
    code, _, printed = hcdv("select", "--input", path, "--share", 0.5, "--out", tmp_path / "i.csv")
    assert code == 1
    assert "has no column 'value'; give a file that `hcdv-stream value` wrote" in " ".join(
        printed.split()
    )


def test_the_table_that_is_read_is_not_replaced(hcdv, values):
    before = values.read_bytes()
    (values.parent / "elsewhere").mkdir()
    beside = values.parent / "elsewhere" / ".." / values.name
    for out in (values, beside):
        code, _, said = hcdv("select", "--input", values, "--share", 0.3, "--out", out)
        assert code == 1
        assert "is what is read, and would be replaced: write to another file" in said
    assert values.read_bytes() == before
