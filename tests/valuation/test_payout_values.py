"""The values that payouts go by, against enumeration of the game that they are defined by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.games.payout_weights import PayoutWeights
from hcdv_stream.valuation.values import residual
from hcdv_stream.valuation.weights import Weights
from tests.valuation.reference import shapley
from tests.valuation.worlds import batch_of, seed_of, validation_of

DIMENSIONS = 3


def with_copies(batch: Batch, copied: int, generator: np.random.Generator) -> Batch:
    """Give every example a fingerprint, and make the last ones the same as earlier ones."""
    count = len(batch)
    rows = np.arange(count)
    rows[count - copied :] = generator.integers(0, max(count - copied, 1), copied)
    prints = np.zeros((count, 2), np.uint64)
    prints[:, 0] = rows + 1
    return Batch(
        batch.ids,
        batch.labels[rows],
        batch.providers,
        batch.timestamps,
        batch.embeddings[rows],
        prints,
    )


def corpus_of(classes: int, seed: int, size: int, copied: int, neighbours: int):
    config = EngineConfig(neighbours=neighbours, leaf_size=6, update_size=5, merge_below=2, tau=0.8)
    validation = validation_of(9, classes, DIMENSIONS)
    engine = Engine.from_seed(config, classes, validation, seed_of(config, classes, DIMENSIONS, 14))
    generator = np.random.default_rng(seed)
    engine.apply(with_copies(batch_of(size, classes, DIMENSIONS, generator), copied, generator))
    labels = [str(label) for label in range(classes)]
    trusted = validation.counts(classes)
    corpus = Corpus(engine.state(), "routed", labels, trusted, neighbours)
    return corpus, engine, validation


def game_of(corpus: Corpus, engine: Engine, validation, weights: Weights, neighbours: int):
    """A match of a trusted evaluator counts 1 - 1/C, a miss -1/C, and copies are not there."""
    classes = len(corpus.classes)
    trusted = validation.counts(classes)
    omega = weights.per_class(corpus.classes, trusted)
    prints = np.concatenate(
        [
            corpus.state.leaves[leaf].examples.fingerprints[:, 0]
            for leaf in sorted(corpus.state.leaves)
        ]
    )
    first = {}
    for row in sorted(range(len(corpus)), key=lambda row: corpus.ids[row]):  # the log's order here
        first.setdefault(prints[row], row)
    originals = set(first.values())

    def worth(subset: tuple[int, ...]) -> float:
        total = 0.0
        for leaf in corpus.state.leaves:
            players = [i for i in subset if corpus.leaves[i] == leaf and i in originals]
            for evaluator in engine.evaluators_of(leaf):
                label = validation.labels[evaluator]
                embedding = validation.embeddings[evaluator].astype(np.float64)
                nearest = sorted(
                    players, key=lambda i: (1.0 - float(corpus.embeddings[i] @ embedding), i)
                )[:neighbours]
                counted = sum((corpus.labels[i] == label) - 1.0 / classes for i in nearest)
                total += omega[label] / trusted[label] * counted / neighbours
        return total

    return worth, originals


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(3, 8),
    copied=st.integers(0, 4),
    neighbours=st.integers(1, 4),
)
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("utility", ["balanced", "accuracy", "class:1"])
def test_values_equal_enumeration(classes, utility, seed, size, copied, neighbours):
    weights = Weights.for_payouts(utility)
    corpus, engine, validation = corpus_of(classes, seed, size, min(copied, size - 1), neighbours)
    worth, originals = game_of(corpus, engine, validation, weights, neighbours)
    found = corpus.state_values(weights)
    values = found.examples().value
    np.testing.assert_allclose(values, shapley(size, worth), atol=1e-11, rtol=0)
    assert found.total() == pytest.approx(worth(tuple(range(size))), abs=1e-11)
    assert residual(found) < 1e-11
    for row in set(range(size)) - originals:
        assert values[row] == 0.0
        assert found.examples().stderr[row] == 0.0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 60), copied=st.integers(0, 30))
def test_a_coalition_is_worth_what_its_examples_add_up_to(seed, size, copied):
    corpus, _, _ = corpus_of(3, seed, size, min(copied, size - 1), 3)
    found = corpus.state_values(Weights.for_payouts())
    values = dict(zip(corpus.ids, found.examples().value.tolist(), strict=True))
    for leaf in corpus.state.leaves.values():
        mine = found.leaf(leaf)
        assert mine.value.tolist() == [values[name] for name in leaf.examples.ids]
        assert found.coalition(leaf).value == pytest.approx(mine.value.sum(), abs=1e-11)
    for node in corpus.state.nodes.values():
        below = [
            name
            for leaf in corpus.state.leaves.values()
            if node.id in corpus.path(leaf.id)
            for name in leaf.examples.ids
        ]
        total = sum(values[name] for name in below)
        assert found.coalition(node).value == pytest.approx(total, abs=1e-11)


def test_standard_errors_are_those_of_the_evaluators_terms():
    """Terms of every evaluator by playing it alone; one outside the leaf has the term 0."""
    corpus, engine, validation = corpus_of(2, 5, 30, 8, 2)
    weights = Weights.for_payouts()
    found = corpus.state_values(weights)
    trusted, omega = validation.counts(2), weights.per_class(corpus.classes, np.ones(2, np.int64))
    leaf = max(corpus.state.leaves.values(), key=lambda leaf: len(engine.evaluators_of(leaf.id)))
    rows = [i for i, name in enumerate(leaf.examples.ids) if not leaf.examples.copies[i]]
    terms = np.zeros((len(validation.labels), len(rows)))
    utilities = np.zeros(len(validation.labels))
    for evaluator in engine.evaluators_of(leaf.id):
        label = validation.labels[evaluator]

        def worth(subset, evaluator=evaluator, label=label):
            embedding = validation.embeddings[evaluator].astype(np.float64)
            nearest = sorted(
                subset,
                key=lambda i: (1.0 - float(leaf.examples.embeddings[rows[i]] @ embedding), i),
            )[:2]
            return sum((leaf.examples.labels[rows[i]] == label) - 0.5 for i in nearest) / 2

        terms[evaluator] = shapley(len(rows), worth)
        utilities[evaluator] = worth(range(len(rows)))
    expected, coalition = np.zeros(len(rows)), 0.0
    for label in range(2):
        mine = validation.labels == label
        scale = omega[label] ** 2 / trusted[label]
        expected += scale * terms[mine].var(axis=0, ddof=1)
        coalition += scale * utilities[mine].var(ddof=1)
    np.testing.assert_allclose(found.leaf(leaf).stderr[rows], np.sqrt(expected), atol=1e-6)
    assert found.coalition(leaf).stderr == pytest.approx(np.sqrt(coalition), abs=1e-6)


def test_labels_at_random_are_worth_nothing_alone_and_less_among_right_ones():
    generator = np.random.default_rng(0)
    config, classes = EngineConfig(tau=0.8), 2
    validation = validation_of(400, classes, DIMENSIONS)
    some = batch_of(3000, classes, DIMENSIONS, generator)
    drawn = generator.integers(0, 2, 3000).astype(np.int16)
    honest = np.arange(3000) < 1500
    worth = {}
    for name, right in (("alone", np.zeros(3000, np.bool_)), ("mixed", honest)):
        engine = Engine.from_seed(config, classes, validation, seed_of(config, classes, DIMENSIONS))
        labels = np.where(right, some.labels, drawn)
        engine.apply(Batch(some.ids, labels, some.providers, some.timestamps, some.embeddings))
        trusted = validation.counts(classes)
        corpus = Corpus(engine.state(), "routed", ["a", "b"], trusted, config.neighbours)
        random = ~right[[int(id[1:]) for id in corpus.ids]]
        for weights in (Weights.for_payouts(), Weights(beta=0.0, lam=0.0)):
            worth[name, weights.payout] = corpus.values(weights).value[random].sum()
    assert abs(worth["alone", True]) < 0.03
    assert worth["alone", False] > 0.45
    assert worth["mixed", True] < 0.0 < worth["mixed", False]


def test_weights_that_cannot_be_paid_by():
    with pytest.raises(ValueError, match="payouts go by V alone"):
        Weights(beta=0.5, lam=0.0, payout=True)
    with pytest.raises(ValueError, match="payouts go by V alone"):
        Weights(beta=0.0, lam=0.1, payout=True)
    corpus, _, _ = corpus_of(2, 0, 5, 0, 2)
    unplayed = Corpus(corpus.state, "routed", ["a", "b"], np.array([3, 3]))
    with pytest.raises(ValueError, match="the k"):
        unplayed.values(Weights.for_payouts())
    with pytest.raises(ValueError, match="payouts need V"):
        PayoutWeights.of(np.zeros(2, np.int64), ("a", "b"), Weights.for_payouts(), 2)
