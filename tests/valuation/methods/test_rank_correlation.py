"""Ranks and their correlation against SciPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata, spearmanr

from hcdv_stream.valuation.methods.rank_correlation import ranks, spearman


@given(arrays(np.float64, (2, 7), elements=st.integers(0, 4).map(float)))
def test_ranks_share_ties(values):
    np.testing.assert_array_equal(ranks(values), rankdata(values, axis=1))


@given(st.integers(0, 2**31))
def test_correlation(seed):
    left, right = np.random.default_rng(seed).integers(0, 9, size=(2, 30)).astype(float)
    assert spearman(left, right) == pytest.approx(spearmanr(left, right).statistic, abs=1e-12)


def test_no_ranking_at_all():
    assert np.isnan(spearman(np.ones(3), np.arange(3.0)))
    assert np.isnan(spearman(np.array([np.nan, 1, 2]), np.arange(3.0)))
