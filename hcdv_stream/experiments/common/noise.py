"""Kinds of wrong labels: how a clean corpus becomes a noisy one, seeded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from hcdv_stream.experiments.common.protocol import Labels, flip

Matrix = npt.NDArray[np.float32]

PROVIDERS = 8
BLOCK = "p0"
"""The provider whose block is wrong or random."""
ONE_CLASS_SHARE = 0.3
BOUNDARY_SHARE = 0.1
NEIGHBOURS = 10


@dataclass(frozen=True, slots=True, eq=False)
class NoisyLabels:
    """Labels (n,) as observed, which of them are ``wrong`` (n,), and who provided each."""

    labels: Labels
    wrong: npt.NDArray[np.bool_]
    providers: list[str | None]


Noise = Callable[[Matrix, Labels, int, np.random.Generator], NoisyLabels]
"""Encoder input (n, width), clean labels (n,), the number of classes, what to draw from."""


def symmetric(
    share: float, rows: Matrix, labels: Labels, classes: int, generator: np.random.Generator
) -> NoisyLabels:
    """Give a random share another label, each other class equally likely."""
    noisy, _ = flip(labels, classes, generator, share)
    return _noisy(labels, noisy)


def one_class(
    rows: Matrix, labels: Labels, classes: int, generator: np.random.Generator
) -> NoisyLabels:
    """Give ONE_CLASS_SHARE of the rarest class another label: positives that were missed."""
    counts = np.bincount(labels, minlength=classes)
    rarest = int(np.where(counts > 0, counts, len(labels) + 1).argmin())
    members = generator.permutation(np.flatnonzero(labels == rarest))
    missed = members[: round(ONE_CLASS_SHARE * len(members))]
    noisy = labels.copy()
    noisy[missed] = (rarest + generator.integers(1, classes, len(missed))) % classes
    return _noisy(labels, noisy)


def boundary(
    rows: Matrix, labels: Labels, classes: int, generator: np.random.Generator
) -> NoisyLabels:
    """Give BOUNDARY_SHARE of all the label of a near neighbour, the likelier the more differ."""
    tree = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(rows)
    near = labels[tree.kneighbors(rows, return_distance=False)[:, 1:]]
    differ = near != labels[:, None]
    chance = differ.mean(axis=1) + 0.01
    chosen = generator.choice(
        len(labels), round(BOUNDARY_SHARE * len(labels)), replace=False, p=chance / chance.sum()
    )
    noisy = labels.copy()
    for row in chosen.tolist():
        others = near[row][differ[row]]
        shifted = (labels[row] + generator.integers(1, classes)) % classes
        noisy[row] = generator.choice(others) if len(others) else shifted
    return _noisy(labels, noisy)


def block(
    random: bool, rows: Matrix, labels: Labels, classes: int, generator: np.random.Generator
) -> NoisyLabels:
    """Let one of PROVIDERS, each with as many rows, give wrong labels, or random ones."""
    owners = generator.integers(PROVIDERS, size=len(labels))
    theirs = owners == 0
    shift = generator.integers(0 if random else 1, classes, len(labels))
    noisy = np.where(theirs, (labels + shift) % classes, labels).astype(np.int16)
    return _noisy(labels, noisy, [f"p{owner}" for owner in owners.tolist()])


def _noisy(clean: Labels, noisy: Labels, providers: list[str | None] | None = None) -> NoisyLabels:
    return NoisyLabels(noisy, noisy != clean, providers or [None] * len(clean))


NOISES: Mapping[str, Noise] = {
    "5% flipped": partial(symmetric, 0.05),
    "10% flipped": partial(symmetric, 0.1),
    "20% flipped": partial(symmetric, 0.2),
    "40% flipped": partial(symmetric, 0.4),
    "one class": one_class,
    "near the boundary": boundary,
    "a provider's block wrong": partial(block, False),
    "a provider's block random": partial(block, True),
}
SYMMETRIC = tuple(name for name in NOISES if name.endswith("flipped"))
_STREAM = 0x4E6F
"""Sets these draws apart from all others of a seed: the order in which labels are made wrong must
not be that in which somebody draws examples."""


def made_noisy(kind: str, rows: Matrix, labels: Labels, classes: int, seed: int) -> NoisyLabels:
    """Make labels wrong in one of NOISES, from a seed."""
    generator = np.random.default_rng([_STREAM, list(NOISES).index(kind), seed])
    return NOISES[kind](rows, labels, classes, generator)
