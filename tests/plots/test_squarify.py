"""Rectangles that fill a rectangle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdv_stream.plots.squarify import Box, squarified


@given(
    sizes=st.lists(st.floats(0.01, 100.0), max_size=30),
    width=st.floats(0.1, 10.0),
    height=st.floats(0.1, 10.0),
)
def test_boxes_have_their_areas_and_do_not_overlap(sizes, width, height) -> None:
    boxes = squarified(sizes, Box(1.0, 2.0, width, height))
    for size, box in zip(sizes, boxes, strict=True):
        expected = size / sum(sizes) * width * height
        assert box.width * box.height == pytest.approx(expected, rel=1e-6)
        assert box.x >= 1.0 - 1e-9
        assert box.y >= 2.0 - 1e-9
        assert box.x + box.width <= 1.0 + width * (1 + 1e-6)
        assert box.y + box.height <= 2.0 + height * (1 + 1e-6)
    for place, one in enumerate(boxes):
        for other in boxes[:place]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            along = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert min(across / width, along / height) < 1e-6


def test_the_published_example() -> None:
    boxes = squarified([6, 6, 4, 3, 2, 2, 1], Box(0, 0, 6, 4))
    assert [tuple(box) for box in boxes[:2]] == [(0, 0, 3, 2), (0, 2, 3, 2)]
    ratios = [max(box.width / box.height, box.height / box.width) for box in boxes]
    assert max(ratios) < 2.8
