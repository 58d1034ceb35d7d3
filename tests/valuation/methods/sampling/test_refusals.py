"""Samplers, criteria and estimates refuse what does not fit the game, with the numbers."""

from collections.abc import Callable
from typing import cast

import numpy as np
import pytest

from hcdv_stream.valuation.methods.algorithm1.estimates import estimate
from hcdv_stream.valuation.methods.sampling.run import Estimate
from hcdv_stream.valuation.methods.sampling.stopping import Evaluations, Rounds, checked
from hcdv_stream.valuation.methods.sampling.uniform_sizes import UniformSizeSampler
from hcdv_stream.valuation.methods.utility import Utility


class Counting:
    """A game of four players in which each is worth 1."""

    players = 4

    def __call__(self, membership: np.ndarray) -> np.ndarray:
        return membership.sum(axis=1).astype(np.float64)


GAME = cast(Utility, Counting())


@pytest.mark.parametrize("owners", [[], [0, 2, 2], [1, 1]])
def test_an_owner_without_an_example_is_refused(owners: list[int]) -> None:
    with pytest.raises(ValueError, match="every owner from 0 to the highest"):
        UniformSizeSampler(np.array(owners, np.int64))


def test_owners_must_be_as_many_as_the_examples() -> None:
    sampler = UniformSizeSampler(np.array([0, 1, 1]))
    with pytest.raises(ValueError, match="one for each of 4 examples, got 3"):
        sampler.players(GAME)


@pytest.mark.parametrize("draws", ["own", "shared", "antithetic"])
def test_a_game_of_the_algorithm_needs_a_permutation(draws: str) -> None:
    with pytest.raises(ValueError, match="permutations must be at least 1, got 0"):
        estimate(GAME, 0.0, 0, draws, (0,))  # type: ignore[arg-type]
    assert estimate(GAME, 0.0, 1, draws, (0,)).psi == pytest.approx(np.ones(4))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "combine",
    [lambda wrong: Rounds(3) & wrong, lambda wrong: Evaluations(3) | wrong, checked],
    ids=["and", "or", "alone"],
)
def test_what_is_no_criterion_is_refused(combine: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match=r"until must be a stopping criterion, .* got 1000"):
        combine(1000)


def test_a_frame_has_an_id_for_each_value() -> None:
    found = Estimate.exact("counting", np.arange(3.0), 8, 0.0)
    frame = found.to_frame(["a", "b", "c"])
    assert frame["value"].to_dict() == {"a": 0.0, "b": 1.0, "c": 2.0}
    assert list(found.to_frame().index) == [0, 1, 2]
    with pytest.raises(ValueError, match="3 values have 2 ids"):
        found.to_frame(["a", "b"])
