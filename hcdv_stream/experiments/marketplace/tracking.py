"""How well what sellers are paid by tracks what they are truly worth, over many markets."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hcdv_stream.experiments.marketplace.many_markets import Market, market_of, played
from hcdv_stream.experiments.marketplace.market import Ground, summed
from hcdv_stream.experiments.marketplace.truths import consensus, truths
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley
from hcdv_stream.valuation.methods.rank_correlation import spearman
from hcdv_stream.valuation.weights import Weights

DEFAULT, PAYOUT = "default weights", "payout weights"


def tracked(site: Ground, sellers: int, seed: int, orders: int) -> dict[str, Any]:
    """Draw one market and return each method's correlation with the consensus of the truths."""
    market = market_of(site, sellers, np.random.default_rng([seed, sellers, 8]))
    found = truths(site, market, orders)
    values = {name: method() for name, method in methods(site, market).items()}
    return {
        "set": site.data.name,
        "seed": seed,
        "sellers": sellers,
        "records": len(market.labels),
        "values": {name: each.tolist() for name, each in values.items()},
        "by": {measure: _against(of, values) for measure, of in found.items()},
    }


def _against(of: Mapping[str, Floats], values: Mapping[str, Floats]) -> dict[str, Any]:
    """Compare with one measure's truths; ``ceiling`` is each truth's with the other two."""
    goal = consensus(of)
    return {
        "truths": {name: each.tolist() for name, each in of.items()},
        "ceiling": {
            name: compared(of[name], consensus({other: of[other] for other in of if other != name}))
            for name in of
        },
        "methods": {name: compared(each, goal) for name, each in values.items()},
    }


def compared(values: Floats, goal: Floats) -> dict[str, float]:
    """Return Pearson's and Spearman's correlation, 0 where one side is the same for all."""
    if np.ptp(values) == 0 or np.ptp(goal) == 0:
        return {"pearson": 0.0, "spearman": 0.0}
    return {
        "pearson": float(np.corrcoef(values, goal)[0, 1]),
        "spearman": float(spearman(values, goal)),
    }


def methods(site: Ground, market: Market) -> Mapping[str, Callable[[], Floats]]:
    """Return what each seller is paid by under every method."""
    corpora: dict[int, Corpus] = {}

    def read(weights: Weights, neighbours: int = 5) -> Floats:
        if neighbours not in corpora:
            corpora[neighbours] = played(site, market, neighbours)
        return summed_by_name(corpora[neighbours], market, weights)

    def neighbours() -> Floats:
        classes = len(site.data.classes)
        balanced = np.full(classes, 1.0 / classes)
        values = knn_shapley(market.embeddings, market.labels, site.bundle.validation, 5, balanced)
        return summed(values, market.sellers)

    return {
        DEFAULT: lambda: read(Weights()),
        "V alone": lambda: read(Weights(beta=0.0, lam=0.0)),
        "V alone, less chance": lambda: without_copies_marked(site, market),
        PAYOUT: lambda: read(Weights.for_payouts()),
        "payout weights, k = 10": lambda: read(Weights.for_payouts(), 10),
        "global KNN-Shapley": neighbours,
        "by rows": lambda: np.bincount(market.sellers).astype(float),
    }


def summed_by_name(corpus: Corpus, market: Market, weights: Weights) -> Floats:
    """Sum the values by seller."""
    sellers = market.sellers[[int(name) for name in corpus.ids]]
    return summed(corpus.values(weights).value, sellers)


def without_copies_marked(site: Ground, market: Market) -> Floats:
    """Pay every copy like its original."""
    corpus = played(site, market, marked=False)
    return summed_by_name(corpus, market, Weights.for_payouts())
