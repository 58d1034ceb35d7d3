"""How well what sellers are paid by tracks what they are truly worth, over many markets."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hcdv_stream.experiments.marketplace.many_markets import (
    Market,
    market_of,
    played,
    root_value,
)
from hcdv_stream.experiments.marketplace.market import Ground, summed
from hcdv_stream.experiments.marketplace.sampled_shapley import SellersTruth
from hcdv_stream.experiments.marketplace.truths import consensus, reliability, truths
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley
from hcdv_stream.valuation.methods.rank_correlation import spearman
from hcdv_stream.valuation.settlement import is_certain
from hcdv_stream.valuation.weights import Weights

DEFAULT, PAYOUT = "default weights", "payout weights"


def tracked(site: Ground, sellers: int, seed: int, pairs: int) -> dict[str, Any]:
    """Draw one market and return each method's correlation with the consensus of the truths."""
    market = market_of(site, sellers, np.random.default_rng([seed, sellers, 8]))
    found = truths(site, market, pairs)
    corpus = played(site, market)
    values = {name: method() for name, method in methods(site, market, corpus).items()}
    value, stderr = root_value(corpus)
    return {
        "set": site.data.name,
        "seed": seed,
        "sellers": sellers,
        "records": len(market.labels),
        "worth": {"value": value, "stderr": stderr, "certain": is_certain(value, stderr)},
        "values": {name: each.tolist() for name, each in values.items()},
        "by": {measure: _against(of, values) for measure, of in found.items()},
    }


def _against(of: Mapping[str, SellersTruth], values: Mapping[str, Floats]) -> dict[str, Any]:
    """Compare with one measure's truths; ``ceiling`` is each truth's with the other two."""
    worth = {name: truth.values for name, truth in of.items()}
    goal = consensus(worth)
    return {
        "truths": {name: each.tolist() for name, each in worth.items()},
        "stderr": {name: truth.stderr.tolist() for name, truth in of.items()},
        "reliability": reliability(of),
        "ceiling": {
            name: compared(
                worth[name], consensus({other: worth[other] for other in of if other != name})
            )
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


def methods(site: Ground, market: Market, corpus: Corpus) -> Mapping[str, Callable[[], Floats]]:
    """Return what each seller is paid by under every method; ``corpus`` is the market as valued."""

    def read(weights: Weights) -> Floats:
        return summed_by_name(corpus, market, weights)

    def wider() -> Floats:
        return summed_by_name(played(site, market, 10), market, Weights.for_payouts())

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
        "payout weights, k = 10": wider,
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
