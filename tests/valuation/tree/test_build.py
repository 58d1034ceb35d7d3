"""A corpus planted at once: the same game on a tree cut from its own examples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.values import residual
from tests.valuation.states import check_shape, prints, replayed
from tests.valuation.worlds import batch_of, validation_of

CLASSES, DIMENSIONS = 3, 4


def config_of(**changes: object) -> EngineConfig:
    base = {"leaf_size": 8, "branching": (3, 4), "merge_below": 2, "update_size": 7, "tau": 0.3}
    return EngineConfig(**(base | changes))


def planted(count: int, seed: int, config: EngineConfig) -> EngineState:
    return plant(batch_of(count, CLASSES, DIMENSIONS, np.random.default_rng(seed)), CLASSES, config)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 150), seed=st.integers(0, 1000))
def test_a_planted_tree_is_sound_and_holds_everything(count: int, seed: int) -> None:
    config = config_of()
    state = planted(count, seed, config)
    check_shape(state, config, settled=True)
    ids = [name for leaf in state.leaves.values() for name in leaf.examples.ids]
    assert sorted(ids) == [f"s{number:05d}" for number in range(count)]


@pytest.mark.parametrize("game", ["routed", "algorithm1"])
def test_what_is_played_equals_a_replay_bit_for_bit(game: str) -> None:
    config = config_of(game=game)
    validation = validation_of(20, CLASSES, DIMENSIONS)
    state = planted(90, 4, config)
    engine = Engine(config, CLASSES, validation, state)
    engine.play()
    again = replayed(state, config, CLASSES, validation)
    assert prints(engine.state()) == prints(again)
    corpus = Corpus(engine.state(), game, tuple("012"), validation.counts(CLASSES))
    assert residual(corpus.state_values()) < 1e-9
    assert len(corpus) == 90


@pytest.mark.parametrize("game", ["routed", "algorithm1"])
def test_records_may_follow_and_stay_equal_to_a_replay(game: str) -> None:
    config = config_of(game=game)
    validation = validation_of(20, CLASSES, DIMENSIONS)
    engine = Engine(config, CLASSES, validation, planted(60, 4, config))
    engine.play()
    more = batch_of(80, CLASSES, DIMENSIONS, np.random.default_rng(5), prefix="t")
    for start in range(0, 80, 11):
        engine.apply(more.slice(start, start + 11))
    state = engine.state()
    check_shape(state, config, settled=False)
    assert engine.header.rebalances > 0
    assert len(engine) == 140
    assert prints(state) == prints(replayed(state, config, CLASSES, validation))
