"""Fashion-MNIST as images: 60,000 to train on and 10,000 to test on, ten classes of 28 × 28.

Xiao, Rasul and Vollgraf 2017. Read from ``fashion-mnist/`` in the data folder, or from where
Debian's package ``dataset-fashion-mnist`` puts it.
"""

import gzip
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from hcdv_stream.experiments.common.datasets import DatasetError

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int16]

FOLDER = "fashion-mnist"
PACKAGED = Path("/usr/share/datasets/fashion-mnist")
CLASSES = (
    *("top", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "boot"),
)
SIDE = 28
IMAGE_HEADER, LABEL_HEADER = 16, 8


def fashion_images(data: Path, part: Literal["train", "t10k"]) -> tuple[Pixels, Labels]:
    """Return grey levels (n, 28, 28), 0 for black, and labels (n,) that index ``CLASSES``.

    Raises DatasetError where the files are missing or cannot be read.
    """
    folder = next((each for each in (data / FOLDER, PACKAGED) if each.is_dir()), None)
    if folder is None:
        raise DatasetError(
            f"Fashion-MNIST is neither in {data / FOLDER} nor in {PACKAGED}; install Debian's "
            "package dataset-fashion-mnist or name the folder above it with --data"
        )
    labels = _unpacked(folder / f"{part}-labels-idx1-ubyte.gz")[LABEL_HEADER:]
    pixels = _unpacked(folder / f"{part}-images-idx3-ubyte.gz")[IMAGE_HEADER:]
    return pixels.reshape(len(labels), SIDE, SIDE), labels.astype(np.int16)


def _unpacked(path: Path) -> Pixels:
    try:
        return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8)
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error}") from error
