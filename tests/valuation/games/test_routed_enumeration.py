"""The default game against enumeration of the global game, Δ̄ included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.config import EngineConfig, Peers
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.values import residual
from hcdv_stream.valuation.weights import Weights
from tests.valuation.reference import contrast, knn_utility, shapley
from tests.valuation.worlds import batch_of, seed_of, validation_of

DIMENSIONS = 3


def global_game(corpus: Corpus, engine: Engine, validation, weights: Weights, config: EngineConfig):
    """v(S) as `docs/method.md` prints it, over all of the corpus at once."""
    classes = len(corpus.classes)
    counts = np.bincount(corpus.labels, minlength=classes)
    trusted = validation.counts(classes)
    omega = weights.per_class(corpus.classes, trusted)
    providers = corpus.providers
    seats = {leaf: engine.evaluators_of(leaf) for leaf in corpus.state.leaves}

    def utility(evaluator, label, leaf, subset, unfit):
        inside = [i for i in subset if corpus.leaves[i] == leaf and i not in unfit]
        return knn_utility(
            inside, corpus.embeddings, corpus.labels, evaluator, label, config.neighbours
        )

    def excluded(peer: int) -> set[int]:
        if config.peers == "all" or providers[peer] is None:
            return {peer}
        return {i for i, name in enumerate(providers) if name == providers[peer]}

    def worth(subset: tuple[int, ...]) -> float:
        value = weights.lam * contrast(subset, corpus.embeddings, corpus.labels)
        for leaf, rows in seats.items():
            for e in rows:
                label = validation.labels[e]
                share = omega[label] * (1 - weights.beta) / trusted[label]
                value += share * utility(validation.embeddings[e], label, leaf, subset, set())
        if config.peers == "off":
            return value
        for peer, label in enumerate(corpus.labels):
            share = omega[label] * weights.beta / counts[label]
            value += share * utility(
                corpus.embeddings[peer], label, corpus.leaves[peer], subset, excluded(peer)
            )
        return value

    return worth


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(3, 8))
@pytest.mark.parametrize("peers", ["other-providers", "all", "off"])
@pytest.mark.parametrize(
    ("classes", "utility"),
    [
        (2, "balanced"),
        (2, "accuracy"),
        (2, "class:1"),
        (4, "balanced"),
        (4, "accuracy"),
        (4, "class:2"),
    ],
)
def test_values_equal_enumeration(
    peers: Peers, classes: int, utility: str, seed: int, size: int
) -> None:
    check(peers, classes, Weights(utility, beta=0.4, lam=0.7), seed, size)


@pytest.mark.parametrize("classes", [2, 4])
def test_values_equal_enumeration_of_twelve(classes: int) -> None:
    check("other-providers", classes, Weights(lam=0.3), seed=1, size=12)


def check(peers: Peers, classes: int, weights: Weights, seed: int, size: int) -> None:
    config = EngineConfig(
        peers=peers, neighbours=2, leaf_size=6, update_size=5, merge_below=2, tau=0.8
    )
    validation = validation_of(9, classes, DIMENSIONS)
    engine = Engine.from_seed(config, classes, validation, seed_of(config, classes, DIMENSIONS, 14))
    engine.apply(batch_of(size, classes, DIMENSIONS, np.random.default_rng(seed)))
    labels = [str(label) for label in range(classes)]
    corpus = Corpus(engine.state(), "routed", labels, validation.counts(classes))
    worth = global_game(corpus, engine, validation, weights, config)
    reading = corpus.state_values(weights)
    np.testing.assert_allclose(reading.examples().value, shapley(size, worth), atol=1e-10, rtol=0)
    assert reading.total() == pytest.approx(worth(tuple(range(size))) - worth(()), abs=1e-10)
    assert residual(reading) < 1e-10
