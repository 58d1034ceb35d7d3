"""OpenDataVal's protocol with a hundred players: what is drawn, what is measured, what is told."""

import numpy as np
import orjson
import pytest

from hcdv_stream.experiments.augmentation import fashion_mnist
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.noisy_labels import run as noisy_labels
from hcdv_stream.experiments.noisy_labels.methods import DU, KNN, methods
from hcdv_stream.experiments.noisy_labels.noisy_task import (
    EVALUATORS,
    FALLING,
    MEASURES,
    PLAYERS,
    TEST,
    draw,
    lower_part,
    scores,
)
from hcdv_stream.experiments.noisy_labels.paper import PAPER, SETS
from hcdv_stream.experiments.noisy_labels.report import tables
from hcdv_stream.experiments.noisy_labels.summary import FIVE, summary
from hcdv_stream.experiments.tables.methods import HCDV, PRINTED

COALITIONS = 200


@pytest.fixture(scope="module")
def digits():
    data = noisy_labels._digits()
    return noisy_labels._features(data), data.labels


def test_the_lower_part_is_that_of_the_best_cut():
    generator = np.random.default_rng(0)
    for _ in range(20):
        values = np.concatenate([generator.normal(0, 1, 12), generator.normal(3, 1, 5)])
        ranked = np.sort(values)
        costs = [k * ranked[:k].var() + (17 - k) * ranked[k:].var() for k in range(1, 17)]
        assert lower_part(values).sum() == 1 + int(np.argmin(costs))
    assert lower_part(np.array([5.0, 1.0, 5.1, 0.9])).tolist() == [False, True, False, True]


@pytest.mark.parametrize("each", [1, 10])
@pytest.mark.parametrize("rate", noisy_labels.RATES)
def test_a_share_of_the_players_and_of_the_evaluators_is_wrong(digits, rate, each):
    features, labels = digits
    given = draw(features, labels, rate=rate, each=each, seed=103)
    clean = draw(features, labels, rate=0.0, each=each, seed=103)
    assert given.wrong.sum() == round(rate * PLAYERS)
    assert np.array_equal(given.task.labels != clean.task.labels, given.wrong[given.owners])
    changed = given.task.validation_labels != clean.task.validation_labels
    assert changed.sum() == round(rate * EVALUATORS)
    assert np.array_equal(given.test.validation_labels, clean.test.validation_labels)
    assert len(given.task.labels) == PLAYERS * each
    assert len(given.test.validation_labels) == TEST


def test_the_three_models_are_trained_on_who_the_values_say(digits):
    given = draw(*digits, rate=0.15, each=1, seed=104)
    ours, reverse = scores(given, [1.0 - given.wrong, given.wrong + 0.0])
    assert ours["F1"] == ours["AUC"] == 1.0
    assert reverse["AUC"] == 0.0
    assert ours["addition"] == reverse["best first"] < 0.2
    assert ours["best first"] > ours["addition"] + 0.2
    assert ours["removal"] < reverse["removal"]


def test_a_player_is_worth_its_examples_together(digits):
    given = draw(*digits, rate=0.05, each=3, seed=105)
    found = {name: method(given) for name, method in methods(COALITIONS).items()}
    assert all(values.shape == (PLAYERS,) for values in found.values())
    assert all(np.isfinite(values).all() for values in found.values())
    measured = dict(zip(found, scores(given, list(found.values())), strict=True))
    for name in (KNN, DU, "Data-OOB", HCDV):
        assert measured[name]["AUC"] > 0.9


def test_who_is_ahead_is_judged_draw_by_draw_against_the_best_of_five():
    usual = {measure: [0.5, 0.5, 0.5, 0.5] for measure in MEASURES}
    found = dict.fromkeys((*FIVE, PRINTED), usual)
    found |= {KNN: usual | {"F1": [0.6, 0.6, 0.6, 0.6], "removal": [0.4, 0.4, 0.4, 0.4]}}
    found |= {HCDV: usual | {"F1": [0.7, 0.7, 0.7, 0.8], "removal": [0.3, 0.6, 0.3, 0.6]}}
    runs = [{"set": "s", "each": 1, "rate": 0.05, "seed": 0, "methods": found}]
    (case,) = summary(runs)
    lead = case["leads"][HCDV]
    assert lead["F1"] == {
        "mean": pytest.approx(0.125),
        "error": pytest.approx(0.025),
        "best": KNN,
        "verdict": "ahead",
    }
    assert (lead["removal"]["best"], lead["removal"]["verdict"]) == (KNN, "level")
    assert case["leads"][PRINTED]["F1"]["verdict"] == "behind"


def test_the_paper_has_its_method_best_but_for_a_tie():
    for measure, figures in PAPER.items():
        assert list(figures) == [*FIVE, HCDV]
        sign = -1.0 if measure in FALLING else 1.0
        columns = sign * np.array(list(figures.values()))
        assert columns.shape == (6, len(SETS), len(noisy_labels.RATES))
        assert (columns.max(axis=0) == columns[-1]).all()


def test_it_runs_on_what_is_there_and_tells_what_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "PACKAGED", tmp_path / "nowhere")
    monkeypatch.setattr(noisy_labels, "EACH", (1,))
    result = noisy_labels.run(ExperimentOptions(tmp_path, seeds=1, small=True), Silent())
    stored = orjson.loads(orjson.dumps(result))
    assert set(stored["skipped"]) == {"fashion-mnist", "adult"}
    names = list(methods(COALITIONS))
    assert [list(run["methods"]) for run in stored["runs"]] == [names] * 2
    of_digits, standing, paper = tables(stored)
    assert len(of_digits.rows) == len(names)
    assert [row[1].split()[0] for row in standing.rows] == [m.split()[0] for m in MEASURES]
    assert all(sum(map(int, row[2].split(", "))) == 2 for row in standing.rows)
    assert "fashion-mnist is missing" in standing.note
    behind = sum(int(row[2].split(", ")[2]) for row in standing.rows)
    assert f"falls clearly short in {behind}" in standing.note
    assert ("removal ↓", HCDV, "0.57 / 0.52") in [tuple(row[:3]) for row in paper.rows]
