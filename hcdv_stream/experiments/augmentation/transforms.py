"""Three ways of changing an image that leave its class: turned and moved, recoloured, cut out.

The paper's: ±15 degrees and ±10% of the side, brightness and contrast in [0.7, 1.3], one square of
8 × 8. Images are float32 (n, 28, 28) in [0, 1], and so is what comes out.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform

Images = npt.NDArray[np.float32]

DEGREES, MOVED = 15.0, 0.1
FACTORS = (0.7, 1.3)
SQUARE = 8


def turned(images: Images, generator: np.random.Generator) -> Images:
    """Turn by up to 15 degrees and move by up to a tenth of the side, each at random."""
    side = images.shape[1]
    centre = (side - 1) / 2
    found = np.empty_like(images)
    for place, image in enumerate(images):
        angle = np.deg2rad(generator.uniform(-DEGREES, DEGREES))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        move = generator.uniform(-MOVED, MOVED, 2) * side
        found[place] = affine_transform(image, turn, centre - turn @ (centre + move), order=1)
    return found


def recoloured(images: Images, generator: np.random.Generator) -> Images:
    """Change contrast and brightness by factors in [0.7, 1.3]."""
    drawn = generator.uniform(*FACTORS, (2, len(images), 1, 1))
    contrast, brightness = drawn.astype(np.float32)
    middle = images.mean(axis=(1, 2), keepdims=True)
    changed: Images = np.clip(((images - middle) * contrast + middle) * brightness, 0.0, 1.0)
    return changed


def cut_out(images: Images, generator: np.random.Generator) -> Images:
    """Blacken one square of 8 × 8 somewhere (DeVries and Taylor 2017)."""
    found = images.copy()
    corners = generator.integers(0, images.shape[1] - SQUARE + 1, (len(images), 2)).tolist()
    for image, (row, column) in zip(found, corners, strict=True):
        image[row : row + SQUARE, column : column + SQUARE] = 0.0
    return found


TRANSFORMS: Mapping[str, Callable[[Images, np.random.Generator], Images]] = {
    "affine": turned,
    "colour": recoloured,
    "cutout": cut_out,
}
