"""Values of a corpus: columns, paths, coalitions as sums of their examples, standard errors."""

import numpy as np
import pytest

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.values import RoutedStateValues, residual
from hcdv_stream.valuation.weights import Weights
from tests.valuation.worlds import batch_of, seed_of, validation_of

CLASSES, DIMENSIONS, COUNT = 3, 8, 1500
LABELS = ("a", "b", "c")
CONFIG = EngineConfig(branching=(4, 6), leaf_size=24, tau=0.5)
VALIDATION = validation_of(300, CLASSES, DIMENSIONS)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    seed = seed_of(CONFIG, CLASSES, DIMENSIONS, 400)
    engine = Engine.from_seed(CONFIG, CLASSES, VALIDATION, seed)
    engine.apply(batch_of(COUNT, CLASSES, DIMENSIONS, np.random.default_rng(2)))
    return Corpus(engine.state(), "routed", LABELS, VALIDATION.counts(CLASSES))


WEIGHTS = [
    Weights(),
    Weights("accuracy", beta=0.0, lam=0.0),
    Weights("class:b", beta=1.0, lam=2.5),
    Weights("balanced", beta=0.25, lam=0.3),
]


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_efficiency_holds_for_every_weighting(corpus: Corpus, weights: Weights) -> None:
    assert residual(corpus.state_values(weights)) < 1e-9


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_coalitions_are_the_sums_of_their_examples(corpus: Corpus, weights: Weights) -> None:
    reading = corpus.state_values(weights)
    values = reading.examples().value
    for leaf in corpus.state.leaves.values():
        inside = values[corpus.leaves == leaf.id]
        assert reading.coalition(leaf).value == pytest.approx(inside.sum(), abs=1e-12)
        assert np.array_equal(reading.leaf(leaf).value, inside)
    for node in corpus.state.nodes.values():
        below = [leaf for leaf in corpus.state.leaves if node.id in corpus.path(leaf)]
        inside = values[np.isin(corpus.leaves, below)]
        assert reading.coalition(node).value == pytest.approx(inside.sum(), abs=1e-11)


def test_columns_agree(corpus: Corpus) -> None:
    assert len(corpus) == len(corpus.ids) == len(corpus.providers) == len(corpus.labels) == COUNT
    row = corpus.row("s00042")
    leaf = corpus.state.leaves[int(corpus.leaves[row])]
    place = leaf.examples.ids.index("s00042")
    assert corpus.labels[row] == leaf.examples.labels[place]
    assert corpus.timestamps[row] == leaf.examples.timestamps[place]
    assert np.array_equal(corpus.embeddings[row], leaf.examples.embeddings[place])
    assert corpus.path(leaf.id)[0] == corpus.state.header.root
    assert corpus.path(leaf.id)[-1] == leaf.parent
    with pytest.raises(KeyError):
        corpus.row("nobody")


def test_evaluators_variance_is_that_of_other_draws_of_them() -> None:
    """The part of a standard error that is due to V is the spread over draws of V."""
    seed = seed_of(CONFIG, CLASSES, DIMENSIONS, 400)
    batch = batch_of(600, CLASSES, DIMENSIONS, np.random.default_rng(2))
    weights = Weights(beta=0.0, lam=0.0)
    values, variances = [], []
    for draw in range(30):
        validation = validation_of(250, CLASSES, DIMENSIONS, seed=100 + draw)
        engine = Engine.from_seed(CONFIG, CLASSES, validation, seed)
        engine.apply(batch)
        corpus = Corpus(engine.state(), "routed", LABELS, validation.counts(CLASSES))
        reading = corpus.state_values(weights)
        assert isinstance(reading, RoutedStateValues)
        found = reading.examples()
        values.append(found.value)
        variances.append(found.evaluator_stderr**2)
    spread = np.std(values, axis=0)
    stated = np.sqrt(np.mean(variances, axis=0))
    varying = spread > 0
    assert 0.8 < np.median(stated[varying] / spread[varying]) < 1.25


def test_an_unknown_class_is_refused(corpus: Corpus) -> None:
    with pytest.raises(ValueError, match="there are a, b, c"):
        corpus.state_values(Weights("class:z"))


def test_weights_cannot_be_asked_of_a_game_that_fixed_them(corpus: Corpus) -> None:
    printed = Corpus(corpus.state, "algorithm1", LABELS, VALIDATION.counts(CLASSES))
    with pytest.raises(ValueError, match="fixed when algorithm1 was played"):
        printed.state_values(Weights())


def test_providers_do_not_profit_from_vouching_for_themselves() -> None:
    """Jittered copies of wrong labels pay less than where a seller judges itself."""
    payouts = {}
    for peers in ("all", "other-providers"):
        config = EngineConfig(leaf_size=32, peers=peers, tau=0.5)
        engine = Engine.from_seed(
            config, CLASSES, VALIDATION, seed_of(config, CLASSES, DIMENSIONS, 400)
        )
        honest = batch_of(800, CLASSES, DIMENSIONS, np.random.default_rng(4), providers=4)
        engine.apply(honest)
        copies = flooded(honest)
        engine.apply(copies)
        corpus = Corpus(engine.state(), "routed", LABELS, VALIDATION.counts(CLASSES))
        values = corpus.values().value
        own = np.array([name == "attacker" for name in corpus.providers])
        payouts[peers] = values[own].sum()
    assert payouts["other-providers"] < payouts["all"]


def flooded(honest):
    """Return copies of 20 examples, jittered, each with the next class's label."""
    from hcdv_stream.valuation.batch import Batch
    from hcdv_stream.valuation.embedding.grid import unit_grid

    generator = np.random.default_rng(8)
    rows = np.tile(np.arange(20), 20)
    jitter = generator.normal(size=(400, DIMENSIONS)) * 0.02
    return Batch(
        [f"copy{number}" for number in range(400)],
        ((honest.labels[rows] + 1) % CLASSES).astype(np.int16),
        ["attacker"] * 400,
        np.zeros(400),
        unit_grid(honest.embeddings[rows] + jitter),
    )
