import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdv_stream.bundle.split import stratified_split

labels = st.lists(st.integers(0, 4), min_size=1, max_size=300).map(np.array)


@given(labels, st.floats(0.0, 0.4), st.floats(0.0, 0.4), st.integers(0, 9))
def test_parts_are_disjoint_and_complete_and_stratified(labels, first, second, seed):
    parts = stratified_split(labels, (first, second), seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    for label in np.unique(labels):
        count = (labels == label).sum()
        for part, share in zip(parts, (first, second), strict=False):
            assert abs((labels[part] == label).sum() - share * count) <= 1.0
        assert (labels[parts[-1]] == label).any()


def test_every_part_has_some_of_a_rare_class():
    labels = np.array([0] * 500 + [1] * 5)
    assert [(labels[part] == 1).sum() for part in stratified_split(labels, (0.1, 0.1), 0)] == [
        1,
        1,
        3,
    ]


def test_seeded():
    labels = np.arange(100) % 2
    again = [stratified_split(labels, (0.3,), seed)[0].tolist() for seed in (4, 4, 5)]
    assert again[0] == again[1] != again[2]


def test_shares_must_leave_something():
    with pytest.raises(ValueError, match="less than 1"):
        stratified_split(np.zeros(3, int), (0.5, 0.5), 0)
