"""The rivals experiment: our side always, theirs where an interpreter has them."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.rivals import run as rivals
from hcdv_stream.experiments.rivals.task import (
    SMALL,
    ContestSize,
    answers,
    contest,
    hcdv,
    same_learner,
)
from hcdv_stream.learners.logistic import Logistic
from hcdv_stream.learners.trained import TrainedUtility

INTERPRETER = os.environ.get("HCDV_TEST_RIVALS")


def options(python):
    return ExperimentOptions(data=Path(), seeds=1, small=True, python=python)


def test_ours_are_the_values_of_the_coalitions_that_the_rivals_get():
    given = contest(3, SMALL)
    ours = answers(given)
    worth = TrainedUtility(Logistic(given.task))(given.subsets)
    expected = [
        worth[given.subsets[:, player]].mean() - worth[~given.subsets[:, player]].mean()
        for player in range(SMALL.valued)
    ]
    np.testing.assert_allclose(ours["banzhaf"]["values"], expected, atol=1e-12)
    order = given.orders[0]
    last = TrainedUtility(Logistic(given.task))(
        np.stack([np.isin(np.arange(SMALL.valued), order[:-1]), np.ones(SMALL.valued, bool)])
    )
    assert ours["tmc"]["values"][order[-1]] == pytest.approx(last[1] - last[0], abs=1e-12)
    assert given.wrong.sum() == SMALL.valued // 10
    assert same_learner(given, 20)["1e-08"] == 0.0


def test_without_an_interpreter_it_says_how_to_make_one(tmp_path):
    with pytest.raises(HcdvError, match=r"needs --python.*pip install --group rivals"):
        rivals.run(options(None), Silent())
    with pytest.raises(HcdvError, match=r"No such file.*--group rivals"):
        rivals.run(options(tmp_path / "python"), Silent())
    with pytest.raises(HcdvError, match=r"cannot run the rivals: .*pydvl"):
        rivals.run(options(Path(sys.executable)), Silent())


@pytest.mark.slow
@pytest.mark.skipif(not INTERPRETER, reason="HCDV_TEST_RIVALS names no interpreter with rivals")
def test_beside_both():
    result = rivals.run(options(Path(INTERPRETER)), Silent())
    methods = result["runs"][0]["methods"]
    for rival in rivals.RIVALS:
        assert methods["knn-shapley"][rival]["largest_difference"] < 1e-9
    assert methods["banzhaf"]["pydvl"]["rank_correlation"] > 0.98
    assert len(rivals.tables(result)) == 2


@pytest.mark.parametrize("seed", range(3))
def test_the_estimators_defaults_find_the_wrong_labels(seed):
    given = contest(seed, ContestSize())
    values = hcdv(given.task, seed)
    assert roc_auc_score(given.wrong, -values) > 0.99
