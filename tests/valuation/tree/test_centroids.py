"""The nearest leaf, of all or of some."""

import numpy as np
import pytest

from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.tree.centroids import Centroids

AXES = unit_grid(np.eye(3))
CENTROIDS = {4: AXES[0], 7: AXES[1], 9: AXES[2]}


def test_the_nearest_of_some_leaves_is_one_of_them() -> None:
    vectors = unit_grid(np.array([[3.0, 2.0, 1.0], [0.0, 1.0, 3.0]]))
    assert Centroids(CENTROIDS).nearest(vectors)[0].tolist() == [4, 9]
    ids, cosines = Centroids(CENTROIDS).nearest(vectors, among=[7, 9])
    assert ids.tolist() == [7, 9]
    np.testing.assert_allclose(cosines, [2 / np.sqrt(14), 3 / np.sqrt(10)], atol=1e-6)


def test_there_must_be_a_leaf_to_choose_from() -> None:
    for among in ([], [5]):
        with pytest.raises(ValueError, match="there is no leaf to choose from"):
            Centroids(CENTROIDS).nearest(AXES, among)
