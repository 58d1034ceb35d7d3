"""Standard errors of the routed game: the formula, what it is derived from, and what it covers."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.values import RoutedStateValues
from hcdv_stream.valuation.weights import Weights
from tests.valuation.reference import knn_utility, shapley
from tests.valuation.worlds import batch_of, seed_of, validation_of

DIMENSIONS = 3
VALIDATION = validation_of(25, 2, DIMENSIONS)


def corpus_of(seed: int, size: int, config: EngineConfig) -> tuple[Engine, Corpus]:
    engine = Engine.from_seed(config, 2, VALIDATION, seed_of(config, 2, DIMENSIONS, 12))
    engine.apply(batch_of(size, 2, DIMENSIONS, np.random.default_rng(seed)))
    return engine, Corpus(engine.state(), "routed", ("0", "1"), VALIDATION.counts(2))


def contributions(
    engine: Engine, corpus: Corpus, config: EngineConfig
) -> Iterator[tuple[str, int, int, float]]:
    """What each evaluator gives each example: kind, class, example and its Shapley value."""
    for leaf in corpus.state.leaves:
        inside = np.flatnonzero(corpus.leaves == leaf)
        trusted = [
            ("V", int(VALIDATION.labels[row]), VALIDATION.embeddings[row], None)
            for row in engine.evaluators_of(leaf)
        ]
        peers = [("peer", int(corpus.labels[row]), corpus.embeddings[row], row) for row in inside]
        for kind, label, evaluator, peer in [*trusted, *peers]:
            owner = None if peer is None else corpus.providers[peer]
            players = [
                row
                for row in inside
                if row != peer and (owner is None or corpus.providers[row] != owner)
            ]
            embeddings, labels = corpus.embeddings[players], corpus.labels[players]

            def worth(
                subset: tuple[int, ...],
                shown: tuple[object, ...] = (embeddings, labels, evaluator, label),
            ) -> float:
                return knn_utility(subset, *shown, config.neighbours)

            for row, part in zip(players, shapley(len(players), worth), strict=True):
                yield kind, label, int(row), float(part)


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(2, 9),
    weights=st.sampled_from([Weights(), Weights("accuracy", 0.2, 0.0), Weights("class:1", 1.0)]),
)
def test_the_formula_from_each_evaluators_contribution(
    seed: int, size: int, weights: Weights
) -> None:
    config = EngineConfig(neighbours=2, leaf_size=9, merge_below=2, tau=1.2)
    engine, corpus = corpus_of(seed, size, config)
    count = {"V": VALIDATION.counts(2), "peer": np.bincount(corpus.labels, minlength=2)}
    share = {"V": 1 - weights.beta, "peer": weights.beta}
    omega = weights.per_class(corpus.classes, count["V"])
    found: dict[tuple[int, str, int], list[float]] = {}
    for kind, label, row, part in contributions(engine, corpus, config):
        found.setdefault((row, kind, label), []).append(part)
    variance = np.zeros(size)
    for row in range(size):
        for label in (0, 1):
            competition = 0.0
            for kind in ("V", "peer"):
                parts = np.array(found.get((row, kind, label), [0.0]))
                n = int(count[kind][label])
                scale = omega[label] * share[kind] / max(n, 1)
                competition += scale * np.sqrt(np.abs(parts).sum() * (parts**2).sum())
                everyone = np.zeros(max(n, len(parts)))
                everyone[: len(parts)] = parts
                if n > 1:
                    variance[row] += scale**2 * n * everyone.var(ddof=1)
            variance[row] += competition**2
    stated = corpus.values(weights).stderr
    np.testing.assert_allclose(stated, np.sqrt(variance), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("near", [20, 40])
def test_examples_that_share_one_change_it_by_its_square(near: int) -> None:
    """Of ``near`` alike before one evaluator each has 1/near; the jackknife gives its cube."""
    one, more = (_first(np.arange(60) < alike, neighbours=5) for alike in (near, near - 1))
    assert one == pytest.approx(1 / near)
    assert near * (more - one) ** 2 == pytest.approx(one**3, rel=3 / near)


def _first(matches: np.ndarray, neighbours: int) -> float:
    """Return the nearest player's Shapley value by the recursion of Jia et al."""
    players = len(matches)
    value = matches[-1] / max(players, neighbours)
    for rank in range(players - 1, 0, -1):
        step = float(matches[rank - 1]) - float(matches[rank])
        value += step / max(rank, neighbours)
    return float(value)


def test_within_a_class_of_evaluators_no_contribution_has_another_sign() -> None:
    config = EngineConfig(neighbours=3, leaf_size=9, merge_below=2, tau=1.2)
    engine, corpus = corpus_of(3, 9, config)
    for _, label, row, part in contributions(engine, corpus, config):
        assert part * (1 if label == corpus.labels[row] else -1) >= -1e-12


def test_intervals_cover_other_examples_too() -> None:
    """With V and examples drawn anew, those of evaluators alone are too narrow."""
    config = EngineConfig(leaf_size=128, tau=2.0)
    seed = seed_of(config, 2, DIMENSIONS, 200)
    fixed = batch_of(20, 2, DIMENSIONS, np.random.default_rng(1), prefix="t")
    draws = []
    for draw in range(24):
        validation = validation_of(60, 2, DIMENSIONS, seed=100 + draw)
        engine = Engine.from_seed(config, 2, validation, seed)
        engine.apply(fixed)
        engine.apply(batch_of(230, 2, DIMENSIONS, np.random.default_rng(500 + draw)))
        corpus = Corpus(engine.state(), "routed", ("0", "1"), validation.counts(2))
        reading = corpus.state_values()
        assert isinstance(reading, RoutedStateValues)
        rows, found = [corpus.row(name) for name in fixed.ids], reading.examples()
        draws.append((found.value[rows], found.stderr[rows], found.evaluator_stderr[rows]))
    values, stated, alone = (np.array(each) for each in zip(*draws, strict=True))
    deviations = np.abs(values - values.mean(axis=0))
    assert (deviations <= 1.96 * alone).mean() < 0.75
    assert (deviations <= 1.96 * stated).mean() > 0.93
    assert np.sqrt((stated**2).mean() / values.var(axis=0, ddof=1).mean()) < 1.4
