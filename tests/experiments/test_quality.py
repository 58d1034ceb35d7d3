"""The quality and tuning experiments, whole but small, on files in the shape of the real ones."""

from dataclasses import replace

import numpy as np
import orjson
import pytest

from hcdv_stream.experiments.common.cases import prepare
from hcdv_stream.experiments.common.datasets import clickstream, four_sets
from hcdv_stream.experiments.common.methods import (
    DEFAULT,
    DETECTING,
    DETECTION,
    METHODS,
    OUT_OF_BAG,
    Valued,
    at_hand,
    planted,
    read,
    routed,
    streamed,
)
from hcdv_stream.experiments.common.scores import MEASURES, References, score, spread_of
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.quality import report, tuning
from hcdv_stream.experiments.quality import run as quality
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.weights import Weights
from tests.experiments.files import write_sets


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_sets(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def case():
    return prepare(clickstream(1000, seed=3), seed=3)


def test_a_case_keeps_its_parts_apart_and_its_trusted_labels_clean(case):
    assert len(case.embeddings) == len(case.labels) == len(case.flipped) == 450
    assert case.flipped.mean() == pytest.approx(0.1, abs=0.04)
    assert len(case.validation) == len(case.noisy_validation) == 75
    assert (case.validation.labels != case.noisy_validation.labels).any()
    assert np.array_equal(case.downstream.labels, case.labels)


def test_a_case_follows_from_its_seed(case):
    again = prepare(clickstream(1000, seed=3), seed=3)
    assert np.array_equal(again.embeddings, case.embeddings)
    assert np.array_equal(again.flipped, case.flipped)


def test_values_come_back_in_the_order_of_the_examples(case):
    corpus = streamed(case, EngineConfig())
    values = read(corpus, None).values
    for position in (0, 17, 449):
        assert values[position] == corpus.values().value[corpus.row(f"{position:07d}")]
    assert np.isfinite(routed(case).values).all()


def test_values_at_hand_are_readings_of_one_planted_tree(case):
    corpus = planted(case, replace(EngineConfig(), tau=case.tau, seed=case.seed))
    assert np.array_equal(at_hand(case).values, read(corpus, Weights()).values)
    assert np.array_equal(at_hand(case, DETECTION).values, read(corpus, DETECTION).values)
    assert not np.array_equal(at_hand(case).values, at_hand(case, DETECTION).values)
    assert np.array_equal(at_hand(case).evaluated, at_hand(case, DETECTION).evaluated)
    assert np.array_equal(at_hand(case).evaluated, read(corpus, Weights(lam=0.0)).values)


def test_true_values_score_high(case):
    found = score(case, Valued(1.0 - case.flipped))
    references = References.of(case)
    assert found["detection"] == 1.0
    assert set(found) == set(MEASURES)
    assert all(0.0 <= found[name] <= 1.0 for name in MEASURES)
    assert references.clean > 0.5


def test_spread():
    assert spread_of([1.0, 3.0]) == {"mean": 2.0, "sd": pytest.approx(2**0.5)}
    assert spread_of([1.0])["sd"] == 0.0


def test_small_mode_reads_all_four_sets(data):
    sets = [read_set(5) for read_set in four_sets(data, 300)]
    assert [len(each) for each in sets] == [300] * 4
    assert len({each.name for each in sets}) == 4


def test_quality_runs_and_tables_come_from_its_json(data):
    result = quality.run(ExperimentOptions(data, seeds=1, small=True), Silent())
    stored = orjson.loads(orjson.dumps(result))
    assert set(stored["summary"]["all"]["methods"]) == set(METHODS)
    assert {run["seed"] for run in stored["runs"]} == {0}
    assert stored["summary"]["claims"]["sets"] == 4
    first = stored["runs"][0]
    examples = 100 * (first["methods"][DEFAULT]["top"] - first["references"]["random"])
    assert stored["summary"]["sets"][first["set"]]["methods"][DEFAULT]["top"]["mean"] == examples
    everything = stored["summary"]["all"]["methods"]
    busy = [everything[name]["processor_seconds"]["mean"] for name in (OUT_OF_BAG, DETECTING)]
    assert stored["summary"]["claims"]["times_faster_than_out_of_bag"] == busy[0] / busy[1]
    tables = report.tables(stored)
    assert len(tables) == 7
    text = "\n".join(table.markdown() for table in tables)
    assert all(name in text for name in METHODS)
    assert f"{examples:+.1f} ± 0.0" in text


def test_every_choice_differs_from_the_others_of_its_parameter():
    named = [(choice.parameter, choice.value) for choice in tuning.choices()]
    assert len(named) == len(set(named))
