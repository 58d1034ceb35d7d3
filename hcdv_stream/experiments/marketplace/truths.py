"""What sellers are truly worth: group Shapley values of models trained on their rows.

The worth of a coalition is what a model trained on its sellers' rows scores on rows that no method
sees. Three models make three truths; none of them is the method's own. Up to ten sellers every
coalition is trained on. Of more, coalitions are drawn, others for each model, and a truth has a
standard error.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from hcdv_stream.experiments.marketplace.many_markets import Market, records
from hcdv_stream.experiments.marketplace.market import Ground
from hcdv_stream.experiments.marketplace.sampled_shapley import SellersTruth, sampled_shapley
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.permutations import MOST_ENUMERATED
from hcdv_stream.valuation.methods.semivalues import exact
from hcdv_stream.valuation.methods.utility import CoalitionGame

PAIRS = 1000
"""Pairs of a coalition of fifty sellers and its complement."""

MEASURES = ("AUC", "balanced accuracy")
"""What a model scores: the mean AUC of the classes, and accuracy at the usual threshold.

The first is what is reported by. The second may reward wrong labels where a class is rare: they
make a model answer that class more often.
"""

MODELS: Mapping[str, Callable[[int], Any]] = {
    "logistic regression": lambda _: make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=300)
    ),
    "boosting": lambda _: HistGradientBoostingClassifier(
        max_iter=40, max_leaf_nodes=15, early_stopping=False, random_state=0
    ),
    "nearest neighbours": lambda rows: make_pipeline(
        StandardScaler(), KNeighborsClassifier(min(10, rows))
    ),
}
"""Models for so many rows."""


class CoalitionModels:
    """Models trained on what coalitions of sellers sell, each coalition once, and their scores."""

    def __init__(self, site: Ground, market: Market, model: str) -> None:
        self.players = int(market.sellers.max()) + 1
        self._model = MODELS[model]
        self._sellers = market.sellers
        self._matrix = matrix_of(site, market)
        self._labels = market.labels
        test = records(site, site.test, np.zeros(len(site.test), np.int64))
        self._test, self._test_labels = matrix_of(site, test), test.labels
        self._classes = len(site.data.classes)
        self._known: dict[bytes, tuple[float, ...]] = {}

    def game(self, measure: str) -> CoalitionGame:
        """Return the sellers' game under one of MEASURES."""
        place = MEASURES.index(measure)
        return CoalitionGame(
            self.players,
            lambda membership: np.array([self._scores(row)[place] for row in membership]),
        )

    def _scores(self, coalition: npt.NDArray[np.bool_]) -> tuple[float, ...]:
        name = coalition.tobytes()
        if name not in self._known:
            self._known[name] = self._measured(self._probabilities(coalition))
        return self._known[name]

    def _probabilities(self, coalition: npt.NDArray[np.bool_]) -> Floats:
        """Return (tests, C) of a model that has seen these sellers; equal where it saw nothing."""
        rows = np.flatnonzero(coalition[self._sellers])
        found = np.zeros((len(self._test), self._classes))
        labels = self._labels[rows]
        if not len(rows):
            found += 1.0 / self._classes
        elif (labels == labels[0]).all():
            found[:, labels[0]] = 1.0
        else:
            with threadpool_limits(limits=1):  # small models: threads would wait for each other
                model = self._model(len(rows))
                model.fit(self._matrix[rows], labels)
                found[:, model.classes_] = model.predict_proba(self._test)
        return found

    def _measured(self, probabilities: Floats) -> tuple[float, ...]:
        aucs, recalls = [], []
        predicted = probabilities.argmax(axis=1)
        for label in np.unique(self._test_labels).tolist():
            mine = self._test_labels == label
            aucs.append(float(roc_auc_score(mine, probabilities[:, label])))
            recalls.append(float((predicted[mine] == label).mean()))
        if np.ptp(probabilities) == 0:
            recalls = [1.0 / self._classes]
        return float(np.mean(aucs)), float(np.mean(recalls))


def matrix_of(site: Ground, market: Market) -> Floats:
    """Return the model's features of a market's records, (n, width)."""
    return np.asarray(site.bundle.schema.matrix(market.features), np.float64)


def truths(site: Ground, market: Market, pairs: int = PAIRS) -> dict[str, dict[str, SellersTruth]]:
    """Return what each seller is worth, by measure and by model."""
    models = {name: CoalitionModels(site, market, name) for name in MODELS}
    return {
        measure: {
            name: _shapley(each.game(measure), pairs, [site.seed, place, 10])
            for place, (name, each) in enumerate(models.items())
        }
        for measure in MEASURES
    }


def _shapley(game: CoalitionGame, pairs: int, seed: list[int]) -> SellersTruth:
    if game.players > MOST_ENUMERATED:
        return sampled_shapley(game, pairs, np.random.default_rng(seed))
    return SellersTruth(exact(game), np.zeros(game.players))


def consensus(of: Mapping[str, Floats]) -> Floats:
    """Return the mean of truths, each standardised."""
    parts: Floats = np.mean([standardised(values) for values in of.values()], axis=0)
    return parts


def reliability(of: Mapping[str, SellersTruth]) -> float:
    """Return the share of the consensus' variance over sellers that is no sampling error.

    No correlation with the consensus is expected above its square root.
    """
    goal = consensus({name: truth.values for name, truth in of.items()})
    errors = [
        np.mean(truth.stderr**2) / (np.var(truth.values) or 1.0) / len(of) ** 2
        for truth in of.values()
    ]
    return float(1.0 - np.sum(errors) / (np.var(goal) or 1.0))


def standardised(values: Floats) -> Floats:
    """Return values with mean 0 and standard deviation 1; 0 where they are all the same."""
    spread = values.std()
    standard: Floats = (values - values.mean()) / (spread or 1.0)
    return standard
