"""Who sells, and whose labels are flipped."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdv_stream.simulators.providers import PROVIDERS, draw_providers, flipped_rows


def test_sellers_sell_their_shares():
    drawn = draw_providers(50_000, PROVIDERS, np.random.default_rng(0))
    counted = np.bincount(drawn, minlength=len(PROVIDERS)) / 50_000
    assert counted == pytest.approx([provider.share for provider in PROVIDERS], abs=0.01)


@given(share=st.floats(0, 1), count=st.integers(1, 200), seed=st.integers(0, 2**32 - 1))
def test_exactly_the_share_is_flipped(share, count, seed):
    flipped = flipped_rows(share, np.ones(count), np.random.default_rng(seed))
    assert flipped.sum() == round(share * count)


def test_odds_decide_who_is_flipped():
    odds = np.repeat([1.0, 3.0], 10_000)
    flipped = flipped_rows(0.1, odds, np.random.default_rng(1))
    assert flipped[10_000:].sum() / flipped[:10_000].sum() == pytest.approx(2.85, abs=0.3)


def test_odds_of_zero_come_last():
    odds = np.array([0.0, 1.0, 0.0, 1.0])
    assert list(flipped_rows(0.5, odds, np.random.default_rng(2))) == [False, True, False, True]


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_outside_zero_to_one_is_refused(share):
    with pytest.raises(ValueError, match="flipped labels"):
        flipped_rows(share, np.ones(3), np.random.default_rng(0))
