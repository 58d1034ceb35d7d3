"""What cannot be meant is refused in a sentence with the value, before anything is computed."""

from typing import Any

import pytest

from hcdv_stream.valuation.config import PAPER, EngineConfig
from hcdv_stream.valuation.games.knn import MOST_PLAYERS
from hcdv_stream.valuation.weights import MOST_LAMBDA, Weights


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"neighbours": 0}, "neighbours must be at least 1, got 0"),
        ({"leaf_size": 3}, "leaf_size must be at least 4, got 3"),
        ({"rebalance_every": 0}, "rebalance_every must be at least 1, got 0"),
        ({"merge_below": -1}, "merge_below must be at least 0, got -1"),
        ({"update_size": 0}, "update_size must be at least 1, got 0"),
        ({"permutations": 1}, "permutations must be at least 2, got 1"),
        ({"update_size": MOST_PLAYERS - 63}, f"update_size \\+ leaf_size must be .*{MOST_PLAYERS}"),
        ({"branching": ()}, r"branching must hold numbers of at least 2, got \(\)"),
        ({"branching": (16, 1)}, r"branching must hold numbers of at least 2, got \(16, 1\)"),
        ({"tau": 0.0}, r"tau must be a cosine distance in \(0, 2\], got 0.0"),
        ({"tau": 2.1}, r"tau must be a cosine distance in \(0, 2\], got 2.1"),
        ({"merge_below": 33}, "merge_below must be at most leaf_size / 2, got 33"),
    ],
)
def test_settings_of_the_engine_out_of_range(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        EngineConfig(**settings)


def test_the_bounds_themselves_are_allowed() -> None:
    config = EngineConfig(update_size=MOST_PLAYERS - 64, tau=2.0, merge_below=32, branching=(2,))
    assert config.leaf_size + config.update_size == MOST_PLAYERS
    assert PAPER.game == "algorithm1"


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"beta": -0.1}, r"beta must lie in \[0, 1\], got -0.1"),
        ({"beta": 1.5}, r"beta must lie in \[0, 1\], got 1.5"),
        ({"beta": float("nan")}, r"beta must lie in \[0, 1\], got nan"),
        ({"lam": -1.0}, "lambda must lie in .*, got -1.0"),
        ({"lam": 2 * MOST_LAMBDA}, "lambda must lie in .*, got 2000000.0"),
        (
            {"utility": "recall"},
            "utility must be balanced, accuracy or class:<label>, got 'recall'",
        ),
    ],
)
def test_weights_out_of_range(weights: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Weights(**weights)
