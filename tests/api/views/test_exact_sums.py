"""Exact sums: any cutting and any order gives the correctly rounded sum."""

import functools
import math
import operator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hcdv_stream.api.views.exact_sums import exact_sum, exact_sums

FLOATS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e290, max_value=1e290)


@given(st.lists(FLOATS, max_size=60), st.integers(0, 60))
def test_parts_add_up_to_the_correctly_rounded_sum(values, cut):
    parts = [exact_sum(np.array(part)) for part in (values[:cut], values[cut:])]
    assert math.fsum(functools.reduce(operator.iadd, parts, [])) == math.fsum(values)
    assert math.fsum(parts[0]) == math.fsum(values[:cut])


@given(st.lists(st.tuples(FLOATS, st.integers(0, 4)), max_size=60))
def test_each_group_has_its_own_sum(pairs):
    values = np.array([value for value, _ in pairs])
    groups = np.array([group for _, group in pairs], np.int64)
    for group, parts in enumerate(exact_sums(values, groups, 5)):
        assert math.fsum(parts) == math.fsum(value for value, own in pairs if own == group)


def test_a_sum_that_rounding_would_lose():
    assert math.fsum(exact_sum(np.array([1e16, 1.0, -1e16, 5e-324]))) == 1.0
