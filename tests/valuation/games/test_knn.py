"""The k-NN recursion, in integers, against enumeration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.embedding.grid import cosines, unit_grid
from hcdv_stream.valuation.games.knn import (
    EXCLUDED,
    MOST_PLAYERS,
    by_player,
    nearest_first,
    shapley_by_rank,
    sorted_keys,
    squared,
    utilities,
)
from hcdv_stream.valuation.tree.sketch import SQUARE_BITS, UTILITY_BITS
from tests.valuation.reference import knn_utility, shapley
from tests.valuation.worlds import batch_of


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 8), neighbours=st.integers(1, 10))
def test_equals_enumeration(seed: int, size: int, neighbours: int) -> None:
    examples = batch_of(size + 1, 2, 3, np.random.default_rng(seed))
    evaluator, embeddings = examples.embeddings[-1], examples.embeddings[:-1]
    label, labels = examples.labels[-1], examples.labels[:-1]
    cosines = embeddings.astype(np.float64) @ evaluator.astype(np.float64)
    keys = sorted_keys(cosines[None, :], (labels == label)[None, :])
    fast = np.ldexp(by_player(shapley_by_rank(keys, neighbours), keys)[0], -UTILITY_BITS)

    def worth(subset: tuple[int, ...]) -> float:
        return knn_utility(subset, embeddings, labels, evaluator, label, neighbours)

    np.testing.assert_allclose(fast, shapley(size, worth), atol=1e-11, rtol=0)
    found = np.ldexp(utilities(keys, neighbours)[0], -UTILITY_BITS)
    assert found == pytest.approx(worth(tuple(range(size))), abs=1e-11)


def test_padding_changes_no_bit() -> None:
    generator = np.random.default_rng(0)
    cosines = np.round(generator.random((20, 9)), 3)
    matches = generator.random((20, 9)) < 0.5
    padded = np.concatenate([cosines, np.full((20, 30), EXCLUDED)], axis=1)
    unmatched = np.concatenate([matches, np.zeros((20, 30), bool)], axis=1)
    narrow, wide = sorted_keys(cosines, matches), sorted_keys(padded, unmatched)
    alone = by_player(shapley_by_rank(narrow, 5), narrow)
    beside = by_player(shapley_by_rank(wide, 5), wide)
    assert np.array_equal(alone, beside[:, :9])
    assert not beside[:, 9:].any()


def test_ties_go_to_the_earlier_player() -> None:
    keys = sorted_keys(np.zeros((1, 3)), np.array([[True, False, False]]))
    assert utilities(keys, 1)[0] == 2**UTILITY_BITS


@pytest.mark.parametrize("players", [0, 1, 700, 65_536, 65_537])
def test_the_nearest_come_first_however_many_there_are(players: int) -> None:
    generator = np.random.default_rng(players)
    some = unit_grid(generator.normal(size=(500, 3)))
    some = np.concatenate([some, -some])[generator.integers(0, 1000, players)]
    closeness = cosines(np.concatenate([some[:3], -some[:3]]), some)
    by_hand = [
        sorted(range(players), key=lambda player: (-row[player], player))
        for row in closeness.tolist()
    ]
    assert nearest_first(closeness).tolist() == by_hand


def test_squares_keep_their_scale() -> None:
    half = np.array([2 ** (UTILITY_BITS - 1)])
    assert squared(half)[0] == 2 ** (SQUARE_BITS - 2)


def test_too_many_players_are_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        sorted_keys(np.zeros((1, MOST_PLAYERS + 1)), np.zeros((1, MOST_PLAYERS + 1), bool))
