"""The sets of the paper's comparison: three blobs a class, Adult, Fashion-MNIST, sparse clicks.

The pixels of Fashion-MNIST become principal components, which see no label. Criteo's log is not
free to pass on: ``clicks`` makes sparse categories in its place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA

from hcdv_stream.experiments.augmentation.fashion_mnist import CLASSES, fashion_images
from hcdv_stream.experiments.common.datasets import Column, Dataset, adult
from hcdv_stream.experiments.tables.downstream import Metric

Matrix = npt.NDArray[np.float64]

COMPONENTS = 32
SPREAD = 0.5
"""Of a blob, whose nearest neighbours, of the other class, are 1.5 away."""
CLICK_RATE = 0.03
NUMBERS, CODES, LEVELS = 4, 8, 40
"""Counts, categories and the levels of each category, of a made-up advertisement."""
DRAW = 0
"""The one draw of a made-up set: splits differ in how they cut it, as with the real sets."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A set of the comparison: ``read`` takes how many ``rows`` are wanted.

    ``metric`` scores models trained on it, ``flipped`` is the share of labels that are made wrong,
    ``test`` the share of the rows that scores them.
    """

    name: str
    metric: Metric
    rows: int
    flipped: float
    test: float
    read: Callable[[int], Dataset]


def benchmarks(data: Path) -> tuple[Benchmark, ...]:
    """Return the four sets; reading one that is not there raises DatasetError."""
    return (
        Benchmark("synthetic", "AUC", 10_000, 0.1, 0.5, lambda rows: blobs(rows, DRAW)),
        Benchmark("adult", "balanced accuracy", 48_842, 0.1, 0.25, lambda rows: adult(data, rows)),
        Benchmark("fashion-mnist", "accuracy", 12_000, 0.1, 0.25, lambda rows: fashion(data, rows)),
        Benchmark("clicks", "AUC", 100_000, 0.01, 0.5, lambda rows: clicks(rows, DRAW)),
    )


def blobs(size: int, seed: int) -> Dataset:
    """Two classes of three blobs in the plane, which overlap slightly, as many of each blob."""
    generator = np.random.default_rng((seed, 1))
    angles = np.arange(6) * np.pi / 3
    centres = 1.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    blob = generator.permutation(size) % 6
    places = centres[blob] + generator.normal(0.0, SPREAD, (size, 2))
    columns = {"x": places[:, 0], "y": places[:, 1]}
    return Dataset("synthetic", columns, (blob % 2).astype(np.int16), ("even", "odd"))


def clicks(size: int, seed: int) -> Dataset:
    """Advertisements shown, 3% clicked: skewed counts and categories with Zipf's frequencies.

    Every level of a category moves the log-odds of a click by an amount of its own, the first two
    categories also together.
    """
    taste = np.random.default_rng(2014)
    generator = np.random.default_rng((seed, 2))
    frequency = 1.0 / np.arange(1, LEVELS + 1)
    codes = generator.choice(LEVELS, size=(size, CODES), p=frequency / frequency.sum())
    counts = np.floor(generator.lognormal(1.0, 1.0, (size, NUMBERS)))
    effects = taste.normal(0.0, 0.6, (CODES, LEVELS))
    pairs = taste.normal(0.0, 0.6, (LEVELS, LEVELS))
    odds = effects[np.arange(CODES), codes].sum(axis=1) + pairs[codes[:, 0], codes[:, 1]]
    odds += np.log1p(counts) @ taste.normal(0.0, 0.5, NUMBERS) + generator.logistic(size=size)
    labels = (odds > np.quantile(odds, 1.0 - CLICK_RATE)).astype(np.int16)
    columns: dict[str, Column] = {f"count{i}": counts[:, i] for i in range(NUMBERS)}
    for place in range(CODES):
        columns[f"code{place}"] = np.array([f"v{c}" for c in codes[:, place]], dtype=object)
    return Dataset("clicks", columns, labels, ("passed", "clicked"))


def fashion(data: Path, size: int) -> Dataset:
    """The first ``size`` of one fixed shuffle of the training images, as principal components."""
    pixels, labels = fashion_images(data, "train")
    rows = np.random.default_rng(2017).permutation(len(labels))[:size]
    images = pixels[rows].reshape(len(rows), -1) / 255.0
    width = min(COMPONENTS, *images.shape)
    places = PCA(width, svd_solver="randomized", random_state=0).fit_transform(images)
    columns: Mapping[str, Column] = {f"p{i:02d}": places[:, i] for i in range(width)}
    return Dataset("fashion-mnist", columns, labels[rows], CLASSES)
