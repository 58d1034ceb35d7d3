import csv
import json

import numpy as np
import pyarrow.parquet
import pytest

from .conftest import ROLES

LABEL = ("--label", "bought", "--id", "key", "--drop", "when", "--provider", "seller")


@pytest.fixture(scope="module")
def noisy(clicks, tmp_path_factory):
    """The file with every tenth label turned round; the keys of those rows."""
    folder = tmp_path_factory.mktemp("noisy")
    with clicks.open(newline="") as file:
        rows = list(csv.DictReader(file))
    path, trusted = folder / "noisy.csv", folder / "trusted.csv"
    for file, part in ((path, rows[:300]), (trusted, rows[300:])):
        turned = 10 if file == path else len(rows) + 1
        with file.open("w", newline="") as out:
            writer = csv.DictWriter(out, rows[0].keys())
            writer.writeheader()
            for place, row in enumerate(part, 1):
                wrong = place % turned == 0
                label = str(row["bought"] != "True") if wrong else row["bought"]
                writer.writerow(row | {"bought": label})
    return path, trusted, {row["key"] for row in rows[9:300:10]}


def test_suspects_of_a_file_that_doubts_itself(hcdv, noisy, tmp_path):
    path, _, wrong = noisy
    out = tmp_path / "doubts.parquet"
    code, printed, _ = hcdv("suspects", path, *LABEL, "--json", "-", "--out", out)
    assert code == 0
    report = json.loads(printed)
    assert report["examples"] == 300
    assert report["evidence"] == "examples"
    doubts = pyarrow.parquet.read_table(out).to_pylist()
    assert [row["doubt"] for row in doubts] == sorted((r["doubt"] for r in doubts), reverse=True)
    assert len(wrong & {row["id"] for row in doubts[:60]}) > 0.6 * len(wrong)
    first = report["items"][0] if report["items"] else doubts[0]
    assert {first["label"], first["suggested"]} == {"1", "0"}
    assert "the models give this label trees" in first["why"]
    assert {row["provider"] for row in doubts} == {"shop 0", "shop 1"}


def test_trusted_rows_calibrate(hcdv, noisy):
    path, trusted, wrong = noisy
    checked = ("--trusted", trusted, "--json", "-")
    code, printed, _ = hcdv(
        "suspects", path, "--label", "bought", "--drop", "when,key,seller", *checked
    )
    assert code == 0
    report = json.loads(printed)
    assert report["evidence"] == "validation"
    assert report["expected_wrong"] == pytest.approx(len(wrong), abs=30)
    assert sum(each["weight"] for each in report["calibration"]) == pytest.approx(1.0)


def test_a_bundle_s_own_rows_are_named(hcdv, clicks, noisy, tmp_path):
    bundle, anonymous = tmp_path / "b", ROLES[:6]
    hcdv("train", "--input", clicks, *anonymous, "--bundle", bundle)
    _, printed, _ = hcdv("suspects", clicks, *anonymous, "--bundle", bundle, "--json", "-")
    own = json.loads(printed)
    assert own["seen"] == own["examples"]
    assert all(row["why"].endswith("so its doubt is too small") for row in own["items"])
    _, printed, _ = hcdv("suspects", noisy[0], *anonymous, "--bundle", bundle, "--count", 3)
    assert "270 of 300 rows are among those that the bundle's models" in " ".join(printed.split())


def test_suspects_by_a_bundle_and_what_select_makes_of_doubts(hcdv, clicks, noisy, tmp_path):
    path, trusted, wrong = noisy
    bundle, values = tmp_path / "b", tmp_path / "v.parquet"
    hcdv("train", "--input", clicks, *ROLES, "--bundle", bundle)
    code, printed, _ = hcdv("suspects", path, *ROLES, "--bundle", bundle, "--count", 3)
    assert code == 0
    assert "labels have a doubt above 0.5" in printed
    code, printed, _ = hcdv("suspects", clicks, *ROLES, "--bundle", bundle, "--json", "-")
    assert json.loads(printed)["seen"] == 0  # models that saw no row of its provider doubt each
    code, _, message = hcdv("suspects", path, *ROLES, "--bundle", bundle, "--trusted", trusted)
    assert code == 1
    assert "the bundle has its own trusted rows" in message
    hcdv("value", "--input", path, *ROLES, "--bundle", bundle, "--out", values)
    table = pyarrow.parquet.read_table(values)
    doubts = dict(zip(table["id"].to_pylist(), table["doubt"].to_pylist(), strict=True))
    assert np.mean([doubts[key] for key in wrong]) > np.mean(list(doubts.values()))
    chosen, reasons = tmp_path / "ids.csv", tmp_path / "reasons.parquet"
    code, _, _ = hcdv(
        *("select", "--input", values, "--share", 0.3, "--out", chosen, "--reasons", reasons)
    )
    assert code == 0
    given = pyarrow.parquet.read_table(reasons).to_pylist()
    assert sum(row["reason"] == "chosen" for row in given) == 90
    assert {row["reason"] for row in given} <= {
        *("chosen", "not drawn", "probably wrong", "doubted and of negative value"),
        "among the most doubtful of its class",
    }


def test_too_few_rows(hcdv, tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("x,y\n1,a\n2,b\n")
    code, _, message = hcdv("suspects", path, "--label", "y")
    assert code == 1
    assert "there are 2 rows of 2 classes; at least 20 rows" in message


def test_what_would_be_misread_or_not_written_is_refused_before_the_work(hcdv, clicks, tmp_path):
    text = clicks.read_text()
    other = tmp_path / "other.csv"
    other.write_text(text.replace("True", "yes").replace("False", "no"))
    code, _, said = hcdv("suspects", clicks, "--label", "bought", "--trusted", other)
    assert (code, "--trusted has the label 'no'" in said) == (1, True), said
    lines = text.splitlines()
    other.write_text("\n".join(lines[:8]))
    code, _, said = hcdv("suspects", clicks, "--label", "bought", "--trusted", other)
    assert (code, "--trusted has 7 rows with a label; at least 20" in said) == (1, True), said
    other.write_text("\n".join(["bought,key", *(f"True,{row}" for row in range(30))]))
    trusted = ("--label", "bought", "--trusted", other)
    code, _, said = hcdv("suspects", clicks, *trusted, "--drop", "when")
    assert (code, "--trusted: there is no column" in said) == (1, True), said
    assert "features of the examples" in said
    other.write_text("key\n" + "\n".join(map(str, range(30))))
    code, _, said = hcdv("suspects", clicks, *trusted)
    assert (code, f"--trusted {other}: --label bought: there is no" in said) == (1, True), said
    for command in (
        ("suspects", clicks),
        ("value", "--input", clicks),
        ("train", "--input", clicks),
    ):
        out = ("--out", tmp_path / "out.parquet") if command[0] == "value" else ()
        out = ("--bundle", tmp_path / "bundle") if command[0] == "train" else out
        code, _, said = hcdv(
            *command, "--label", "bought", *out, "--json", tmp_path / "none" / "x.json"
        )
        assert code == 1
        assert said.endswith(f"make the folder {tmp_path / 'none'} first\n")
    chosen = tmp_path / "chosen.csv"
    files = ("--out", chosen, "--reasons", chosen)
    code, _, said = hcdv("select", "--input", clicks, "--share", "0.5", *files)
    assert (code, "give each a file of its own" in said) == (1, True), said
