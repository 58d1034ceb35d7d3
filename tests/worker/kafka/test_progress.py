"""What counts as progress in a log with gaps."""

import pytest

from hcdv_stream.worker.kafka.progress import LogProgress, ReadPosition


@pytest.mark.parametrize(
    ("position", "handed_over", "expected", "reached"),
    [
        (41, 39, 40, 41),  # a commit marker behind the last effect
        (41, 40, 40, 40),  # a record that was handed over is still without effect
        (41, 10, 5, 5),  # many are
        (0, -1, 40, 40),  # nothing was read yet, or from before
        (100, -1, 40, 100),  # nothing but gaps so far
        (20, 90, 95, 95),  # sought back: what was handed over before has taken effect
    ],
)
def test_what_was_read_is_done_where_nothing_is_in_hand(
    position: int, handed_over: int, expected: int, reached: int
):
    assert ReadPosition(position, handed_over).reached(expected) == reached


def test_behind_is_never_below_nothing():
    assert LogProgress(40, 41).behind == 1
    assert LogProgress(41, 41).behind == 0
    assert LogProgress(41, 0).behind == 0
