"""One trial of the augmentation experiment: originals, candidates, and what each is worth."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.experiments.augmentation.classifier import ConvNet
from hcdv_stream.experiments.augmentation.fashion_mnist import CLASSES
from hcdv_stream.experiments.augmentation.pool import Labelled, candidates
from hcdv_stream.experiments.augmentation.values import RIVALS, Eye, Site, Streamed, streamed

Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]
Values = npt.NDArray[np.float64]

HCDV = "HCDV"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Originals for the bundle and the generator, for the recogniser, and to be valued; the rest.

    ``each`` candidates of a kind; ``evaluations`` are MCDS's. Each slice is trained on for
    ``epochs`` from ``initialisations``.
    """

    known: int = 15_000
    others: int = 10_000
    valued: int = 30_000
    each: int = 2_500
    slice: int = 1_000
    evaluations: int = 6_000
    epochs: int = 8
    initialisations: int = 3


SMALL = Sizes(600, 300, 300, 50, 20, 100, 2, 2)


@dataclass(frozen=True, slots=True)
class Trial:
    """A pool of ``first`` originals and the candidates after them, valued in every way.

    ``values`` are the candidates', by method; ``recognised`` says of each image of the pool whether
    the recogniser gives it its label.
    """

    pool: Labelled
    first: int
    kinds: Sequence[str]
    recognised: Flags
    values: Mapping[str, Values]
    streamed: Streamed
    seconds: Mapping[str, float]
    sizes: Sizes
    seed: int

    @classmethod
    def of(
        cls,
        train: Labelled,
        seed: int,
        sizes: Sizes,
        rivals: Mapping[str, Callable[[Site], Values]] = RIVALS,
    ) -> "Trial":
        """Cut the originals at random, make the candidates, and value both."""
        order = np.random.default_rng([seed, 9]).permutation(len(train))
        ends = np.cumsum([sizes.known, sizes.others, sizes.valued])
        known, others, originals = (train.take(rows) for rows in np.split(order, ends)[:3])
        clock = ProcessorStopwatch()
        made = candidates(originals, known, sizes.each, seed)
        clock.lap("candidates")
        other = ConvNet.fit(others.images, others.labels, len(CLASSES), seed, sizes.epochs // 2 + 1)
        pool = originals.and_then(made.made)
        recognised = other.predict(pool.images) == pool.labels
        clock.lap("recogniser")
        eye = Eye(known, seed)
        embeddings = eye.embed(pool)
        clock.lap("bundle")
        first = len(originals)
        site = Site(eye.bundle, embeddings, pool.labels, first, seed, sizes.evaluations)
        ours = streamed(site)
        clock.lap(HCDV)
        values = {HCDV: ours.values[first:]}
        for name, rival in rivals.items():
            values[name] = rival(site)[first:]
            clock.lap(name)
        return cls(pool, first, made.kinds, recognised, values, ours, clock.seconds, sizes, seed)


class ProcessorStopwatch:
    """Processor seconds between laps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.process_time()

    def lap(self, name: str) -> None:
        """Give the time since the last lap a name."""
        now = time.process_time()
        self.seconds[name] = now - self._since
        self._since = now
