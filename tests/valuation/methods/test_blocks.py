"""Games among blocks, spelt out example by example or merged by sketches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.methods.blocks import Spelt, among, examples
from hcdv_stream.valuation.methods.ridge_utility import RidgeGame
from hcdv_stream.valuation.methods.utility import CoalitionGame
from tests.theory.games import random_game
from tests.valuation.reference import contrast
from tests.valuation.worlds import batch_of, validation_of

CLASSES, DIMENSIONS = 3, 4


def ridge(count: int, seed: int = 3, averaged="mean", lam=0.3) -> RidgeGame:
    batch = batch_of(count, CLASSES, DIMENSIONS, np.random.default_rng(seed))
    validation = validation_of(40, CLASSES, DIMENSIONS)
    v = Characteristic(validation, CLASSES, lam, averaged)
    return RidgeGame(v, batch.embeddings, batch.labels)


def test_a_block_brings_its_members_and_the_context_is_always_there():
    game = CoalitionGame(6, lambda membership: membership @ (2.0 ** np.arange(6)))
    inner = among(game, [np.array([0, 3]), np.array([4])], np.array([1]))
    assert inner.players == 2
    rows = np.array([[False, False], [True, False], [False, True], [True, True]])
    np.testing.assert_array_equal(inner(rows), [2.0, 11.0, 18.0, 27.0])


@settings(max_examples=30, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_merged_sketches_and_spelt_examples_agree_to_the_bit(data, seed):
    count = data.draw(st.integers(1, 12))
    owner = np.array(data.draw(st.lists(st.integers(0, 4), min_size=count, max_size=count)))
    game = ridge(count, seed)
    blocks = [np.flatnonzero(owner == number) for number in range(1, 4)]
    context = np.flatnonzero(owner == 4)
    rows = (np.arange(8)[:, None] >> np.arange(3) & 1).astype(np.bool_)
    np.testing.assert_array_equal(
        among(game, blocks, context)(rows), Spelt(game, blocks, context)(rows)
    )


def test_many_rows_are_asked_in_parts(monkeypatch):
    from hcdv_stream.valuation.methods import blocks

    asked = []
    inner = random_game(5, 0)

    def worth(membership):
        asked.append(len(membership))
        return inner(membership)

    rows = (np.arange(32)[:, None] >> np.arange(5) & 1).astype(np.bool_)
    monkeypatch.setattr(blocks, "_MOST_CELLS", 50)
    game = among(CoalitionGame(5, worth), examples(np.arange(5)))
    np.testing.assert_array_equal(game(rows), inner(rows))
    assert max(asked) == 10


@pytest.mark.parametrize("averaged", ["mean", "sum"])
def test_the_two_dispersions_of_the_paper(averaged):
    """Eq. 9 sums over the cross pairs, Eq. 18 averages; M is the same."""
    count, seed = 9, 5
    batch = batch_of(count, CLASSES, DIMENSIONS, np.random.default_rng(seed))
    rows = np.random.default_rng(0).random((20, count)) < 0.5
    plain, with_contrast = ridge(count, seed, averaged, 0.0), ridge(count, seed, averaged, 0.5)
    found = (with_contrast(rows) - plain(rows)) / 0.5
    for row, dispersion in zip(rows, found, strict=True):
        members = np.flatnonzero(row).tolist()
        mean = contrast(members, batch.embeddings, batch.labels)
        labels = batch.labels[members]
        pairs = sum(a != b for place, a in enumerate(labels) for b in labels[:place])
        expected = mean if averaged == "mean" else mean * pairs
        assert dispersion == pytest.approx(expected, abs=1e-9)
