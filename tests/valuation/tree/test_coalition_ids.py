"""Ids of coalitions, the same in the API, the estimator and the files of values."""

import pytest

from hcdv_stream.valuation.tree.coalition_ids import leaf_id, node_id, parse_id, path_ids


def test_an_id_names_partition_kind_and_number():
    assert leaf_id(3, 31) == "p3-l31"
    assert node_id(3, 4) == "p3-n4"
    assert path_ids(0, [0, 4], 31) == ("p0-n0", "p0-n4", "p0-l31")


def test_an_id_is_read_back():
    assert parse_id(leaf_id(3, 31)) == (3, True, 31)
    assert parse_id(node_id(12, 0)) == (12, False, 0)


@pytest.mark.parametrize("text", ["", "l31", "n0", "p0-x1", "p-l1", "p0-l", "p0-l1 ", "p0-l\u0661"])
def test_what_is_no_id_is_none(text):
    assert parse_id(text) is None
