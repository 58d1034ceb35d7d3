"""Rectangles whose areas are given, filling one rectangle and as square as they come.

The squarified tree map of Bruls, Huizing and van Wijk (2000).
"""

from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle: lower left corner, width, height."""

    x: float
    y: float
    width: float
    height: float


def squarified(sizes: Sequence[float], box: Box) -> list[Box]:
    """Return a box for each size > 0, in the order of ``sizes``, together filling ``box``."""
    order = sorted(range(len(sizes)), key=lambda place: -sizes[place])
    scale = box.width * box.height / sum(sizes) if sizes else 0.0
    boxes: dict[int, Box] = {}
    start = 0
    while start < len(order):
        side, stop = min(box.width, box.height), start + 1
        row = [sizes[order[start]] * scale]
        while stop < len(order):
            longer = [*row, sizes[order[stop]] * scale]
            if _worst(longer, side) > _worst(row, side):
                break
            row, stop = longer, stop + 1
        placed, box = _laid(row, box)
        boxes.update(zip(order[start:stop], placed, strict=True))
        start = stop
    return [boxes[place] for place in range(len(sizes))]


def _worst(row: Sequence[float], side: float) -> float:
    """Return the highest ratio of sides in a row of areas along a side of this length."""
    thickness = sum(row) / side
    lengths = [area / thickness for area in row]
    return max(max(thickness / length, length / thickness) for length in lengths)


def _laid(row: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """Lay a row along the shorter side; return its boxes and the box that is left."""
    upright = box.width >= box.height
    side = box.height if upright else box.width
    thickness = sum(row) / side
    placed, at = [], 0.0
    for area in row:
        length = area / thickness
        if upright:
            placed.append(Box(box.x, box.y + at, thickness, length))
        else:
            placed.append(Box(box.x + at, box.y, length, thickness))
        at += length
    if upright:
        return placed, Box(box.x + thickness, box.y, box.width - thickness, box.height)
    return placed, Box(box.x, box.y + thickness, box.width, box.height - thickness)
