"""Who sees what in an experiment on quality, and which labels are wrong.

A set is cut into three parts. ``test`` keeps its clean labels and scores the models trained on
chosen examples. ``training`` is what the bundle is made from; ``valued`` is what is valued, unseen
by the encoder. Both of the latter come from one noisy corpus: the same share of labels is flipped
in them. The validation set V is cut off from the bundle's part *before* the flips: the method
calls it trusted, and whoever runs it is expected to have checked those labels.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int16]

FLIPPED = 0.1
TEST = 0.25
BUNDLE = 0.4
TRUSTED = 0.25


@dataclass(frozen=True, slots=True)
class RowSplit:
    """Disjoint rows of one set that together are all of it, each in random order."""

    test: Rows
    training: Rows
    trusted: Rows
    valued: Rows


def part(
    labels: Labels,
    generator: np.random.Generator,
    test: float = TEST,
    bundle: float = BUNDLE,
    trusted: float = TRUSTED,
) -> RowSplit:
    """Cut the rows, stratified by label.

    ``test`` is the share of all rows that score the models, ``bundle`` the share of the rest that
    the bundle is made from, ``trusted`` the share of the bundle's rows that become V.
    """
    cuts: list[list[Rows]] = [[], [], [], []]
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        first = round(test * len(rows))
        second = first + round(bundle * trusted * (len(rows) - first))
        third = first + round(bundle * (len(rows) - first))
        for cut, piece in zip(cuts, np.split(rows, [first, second, third]), strict=True):
            cut.append(piece)
    shuffled = [generator.permutation(np.concatenate(cut)) for cut in cuts]
    return RowSplit(test=shuffled[0], trusted=shuffled[1], training=shuffled[2], valued=shuffled[3])


def flip(
    labels: Labels, classes: int, generator: np.random.Generator, share: float = FLIPPED
) -> tuple[Labels, npt.NDArray[np.bool_]]:
    """Give a random ``share`` of the examples another label, each other class equally likely.

    Returns the noisy labels and which of them are flipped.
    """
    flipped = np.zeros(len(labels), dtype=bool)
    flipped[generator.permutation(len(labels))[: round(share * len(labels))]] = True
    shift = generator.integers(1, classes, size=len(labels))
    return np.where(flipped, (labels + shift) % classes, labels).astype(np.int16), flipped
