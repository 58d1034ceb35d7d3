import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import PowerTransformer

from hcdv_stream.bundle.power import yeo_johnson

columns = st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=200).map(np.array)


@pytest.mark.parametrize("power", [-1.5, 0.0, 0.3, 1.0, 2.0, 3.1])
def test_agrees_with_scikit_learn(power):
    column = np.random.default_rng(0).normal(scale=3.0, size=300)
    transformer = PowerTransformer(standardize=False).fit(column[:, None])
    transformer.lambdas_ = np.array([power])
    expected = transformer.transform(column[:, None])[:, 0]
    np.testing.assert_allclose(yeo_johnson(column, power), expected, rtol=1e-12, atol=1e-12)


@given(columns, st.floats(-3, 3), st.integers(0, 200))
def test_an_entry_does_not_depend_on_its_column(column, power, cut):
    whole = yeo_johnson(column, power)
    parts = np.concatenate([yeo_johnson(column[:cut], power), yeo_johnson(column[cut:], power)])
    assert whole.tobytes() == parts.tobytes()


def test_a_power_of_one_changes_nothing_and_gaps_stay():
    np.testing.assert_allclose(yeo_johnson(np.array([-2.0, np.nan, 5.0]), 1.0), [-2.0, np.nan, 5.0])


def test_overflow_is_infinite_not_nan():
    result = yeo_johnson(np.array([-1e300, 1e300]), 3.0)
    assert result[1] == np.inf
    assert not np.isnan(result).any()
