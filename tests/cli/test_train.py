import json

import pytest

from hcdv_stream.bundle.bundle import Bundle

from .conftest import ROLES


@pytest.fixture
def bundle(hcdv, clicks, tmp_path):
    code, _, _ = hcdv("train", "--input", clicks, *ROLES, "--bundle", tmp_path / "bundle")
    assert code == 0
    return tmp_path / "bundle"


def test_it_writes_a_bundle_of_the_columns_without_a_role(bundle):
    loaded = Bundle.load(bundle)
    assert loaded.schema.names == ("pages", "country")
    assert [feature.nullable for feature in loaded.schema.features] == [False, True]
    assert loaded.classes == ("0", "1")
    assert loaded.label == "bought"
    assert len(loaded.validation) == pytest.approx(40, abs=1)


def test_the_same_seed_gives_the_same_bundle(hcdv, clicks, bundle, tmp_path):
    for seed, same in ((0, True), (1, False)):
        other = tmp_path / f"seed {seed}"
        hcdv("train", "--input", clicks, *ROLES, "--bundle", other, "--seed", seed)
        assert (Bundle.load(other).checksum == Bundle.load(bundle).checksum) == same


def test_what_was_reached_is_printed(hcdv, clicks, tmp_path):
    _, printed, _ = hcdv("train", "--input", clicks, *ROLES, "--bundle", tmp_path / "b")
    assert "held-out balanced accuracy" in printed
    assert Bundle.load(tmp_path / "b").checksum[:16] in printed


def test_types_can_be_overridden_and_columns_dropped(hcdv, clicks, tmp_path):
    roles = ("--label", "bought", "--categorical", "when", "--drop", "key,seller")
    hcdv("train", "--input", clicks, *roles, "--bundle", tmp_path / "b")
    features = json.loads((tmp_path / "b" / "bundle.json").read_text())["features"]
    assert [(f["name"], f["type"]) for f in features] == [
        *(("when", "integer"), ("pages", "number"), ("country", "string"))
    ]


def test_embeddings_are_taken_as_they_are(hcdv, clicks, tmp_path):
    roles = ("--label", "bought", "--encoder", "identity", "--drop", "key,seller,country")
    hcdv("train", "--input", clicks, *roles, "--bundle", tmp_path / "b")
    assert Bundle.load(tmp_path / "b").dimensions == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--label", "nope"), "--label nope: there is no such column"),
        (("--label", "key"), "has 1 rows, at least 3 are needed"),
        (("--label", "bought", "--numeric", "country"), "'country' is no numeric feature"),
        (("--label", "bought", "--encoder", "identity"), "'key' is not all numbers"),
        (("--label", "bought", "--validation-share", "1.5"), "validation_share must lie between"),
    ],
)
def test_errors_are_one_sentence(hcdv, clicks, tmp_path, arguments, message):
    code, _, printed = hcdv("train", "--input", clicks, *arguments, "--bundle", tmp_path / "b")
    assert code == 1
    assert message in " ".join(printed.split())
    assert "Traceback" not in printed
    assert not (tmp_path / "b").exists()


def test_help_has_an_example(hcdv):
    code, printed, _ = hcdv("train", "--help")
    assert code == 0
    assert "Example: hcdv-stream train --input" in printed


def test_the_report_is_json_with_the_curve_of_the_doubts(hcdv, clicks, tmp_path):
    provider = ("--provider", "seller")
    roles = ROLES if "--provider" in ROLES else (*ROLES, *provider)
    code, printed, _ = hcdv(
        "train", "--input", clicks, *roles, "--bundle", tmp_path / "b", "--json", "-"
    )
    assert code == 0
    report = json.loads(printed)
    assert report["bundle"] == Bundle.load(tmp_path / "b").checksum
    assert report["doubt"]["evidence"] == "validation"
    assert report["doubt"]["providers"] >= 2
    assert sum(each["weight"] for each in report["doubt"]["calibration"]) == pytest.approx(1.0)
    assert 0.0 <= report["metrics"]["mean_doubt"] <= 1.0
