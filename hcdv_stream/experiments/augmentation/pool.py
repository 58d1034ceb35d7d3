"""Originals and what was made of them: four kinds of candidates, as many of each.

Affine, colour and cutout candidates come from valued originals and keep their labels; generated
ones are drawn by a generator trained on other originals, as many of each class.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.experiments.augmentation.fashion_mnist import CLASSES, Labels, Pixels
from hcdv_stream.experiments.augmentation.generator import generated
from hcdv_stream.experiments.augmentation.transforms import TRANSFORMS, Images

GENERATED = "generated"
KINDS = (*TRANSFORMS, GENERATED)


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images float32 (n, side, side) in [0, 1] with labels int16 (n,)."""

    images: Images
    labels: Labels

    @classmethod
    def of(cls, pixels: Pixels, labels: Labels) -> "Labelled":
        """Scale grey levels."""
        return cls(pixels.astype(np.float32) / 255.0, labels)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def flat(self) -> Images:
        """The pixels of each image in a row, (n, side * side)."""
        return self.images.reshape(len(self), -1)

    def take(self, rows: npt.NDArray[np.intp]) -> "Labelled":
        """Return those rows, in that order."""
        return Labelled(self.images[rows], self.labels[rows])

    def and_then(self, more: "Labelled") -> "Labelled":
        """Return both."""
        return Labelled(
            np.concatenate([self.images, more.images]), np.concatenate([self.labels, more.labels])
        )


@dataclass(frozen=True, slots=True)
class Candidates:
    """Made images in the order in which they come, and the kind of each."""

    made: Labelled
    kinds: Sequence[str]


def candidates(originals: Labelled, known: Labelled, each: int, seed: int) -> Candidates:
    """Make ``each`` of every kind; the generator sees ``known`` alone."""
    generator = np.random.default_rng([seed, 10])
    images, labels = [], []
    for transform in TRANSFORMS.values():
        rows = generator.permutation(len(originals))[:each]
        images.append(transform(originals.images[rows], generator))
        labels.append(originals.labels[rows])
    wanted = (np.arange(each) % len(CLASSES)).astype(np.int16)
    images.append(generated(known.images, known.labels, wanted, seed))
    labels.append(wanted)
    order = generator.permutation(each * len(KINDS))
    made = Labelled(np.concatenate(images)[order], np.concatenate(labels)[order])
    return Candidates(made, [KINDS[row // each] for row in order.tolist()])
