"""Augmented images, valued beside the originals: what are the best, middling and worst good for?

From Fashion-MNIST, 10,000 candidates of four kinds beside 30,000 originals: turned and moved,
recoloured, cut out, and generated. Bundle and generator see 15,000 other originals, which hold V
too; another 10,000 train the ConvNet that says which candidates are recognised as their class. The
slices are the paper's, ranks 1 to 1,000, 4,001 to 5,000 and the last 1,000, and so is the share:
30% of what a ConvNet is trained on, 2,333 originals beside each slice, the same for all of them. It
is tested on the set's 10,000 test images, from several initialisations, the same for every slice.

The paper values 10,000 candidates beside 60,000 originals, draws the fourth kind with Stable
Diffusion (here a small class-conditional auto-encoder draws it) and fine-tunes on 60,000 images, of
which it replaces 30%; how a slice of 1,000 does that it does not say. Cluster overlap is the share
of a slice whose leaf holds an original at the end; "beyond τ" is the share that was too far from
every leaf of originals when it came. MCDS has a budget of evaluations that leaves most images
unseen; GS values a label, and its ties go by chance.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from hcdv_stream.experiments.augmented_pool import GENERATED, KINDS, Labelled, candidates
from hcdv_stream.experiments.augmented_values import RIVALS, Eye, Site, Streamed, streamed
from hcdv_stream.experiments.experiment import Options, Progress, Result
from hcdv_stream.experiments.fashion import CLASSES, Labels, fashion_images
from hcdv_stream.experiments.image_classifier import ConvNet
from hcdv_stream.experiments.measures import detection
from hcdv_stream.valuation.selection import select

Rows = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]

SHARE = 0.3
"""Of the slice in what is trained on."""
HCDV, RANDOM = "HCDV", "random"
ORIGINALS = "originals instead"


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


def run(options: Options, progress: Progress) -> Result:
    """Value the candidates under every seed, and train with each slice."""
    seeds, sizes = list(range(options.seeds)), SMALL if options.small else Sizes()
    progress.plan(2 * len(seeds))
    train, test = (Labelled.of(*fashion_images(options.data, part)) for part in ("train", "t10k"))
    runs = []
    for seed in seeds:
        progress.begin(f"seed {seed}: candidates and their values")
        trial = Trial.of(train, seed, sizes)
        progress.done()
        progress.begin(f"seed {seed}: training with each slice")
        runs.append(trial.outcome(test))
        progress.done()
    return {"experiment": "augmentation", "seeds": seeds, "runs": runs}


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
    def of(cls, train: Labelled, seed: int, sizes: Sizes) -> "Trial":
        """Cut the originals at random, make the candidates, and value both."""
        order = np.random.default_rng([seed, 9]).permutation(len(train))
        ends = np.cumsum([sizes.known, sizes.others, sizes.valued])
        known, others, originals = (train.take(rows) for rows in np.split(order, ends)[:3])
        clock = _Clock()
        made = candidates(originals, known, sizes.each, seed)
        clock.lap("candidates")
        judge = ConvNet.fit(others.images, others.labels, len(CLASSES), seed, sizes.epochs // 2 + 1)
        pool = originals.and_then(made.made)
        recognised = judge.predict(pool.images) == pool.labels
        clock.lap("recogniser")
        eye = Eye(known, seed)
        embeddings = eye.embed(pool)
        clock.lap("bundle")
        first = len(originals)
        site = Site(eye.bundle, embeddings, pool.labels, first, seed, sizes.evaluations)
        ours = streamed(site)
        clock.lap(HCDV)
        values = {HCDV: ours.values[first:]}
        for name, rival in RIVALS.items():
            values[name] = rival(site)[first:]
            clock.lap(name)
        return cls(pool, first, made.kinds, recognised, values, ours, clock.seconds, sizes, seed)

    def outcome(self, test: Labelled) -> dict[str, Any]:
        """Return what the slices are made of, what they train, and what the values find."""
        generator = np.random.default_rng([self.seed, 12])
        size = self.sizes.slice
        beside = generator.permutation(self.first)[: round(size / SHARE)]
        kept = beside[size:]
        known = np.unique(self.streamed.leaves[: self.first])
        clock = _Clock()
        slices = {}
        for name, rows in self._slices(generator).items():
            chosen = rows + self.first
            slices[name] = {
                "accuracy": self._accuracies(np.concatenate([kept, chosen]), test),
                "overlap": float(np.isin(self.streamed.leaves[chosen], known).mean()),
                "beyond": float(self.streamed.beyond[chosen].mean()),
                "recognised": float(self.recognised[chosen].mean()),
                "counts": np.bincount(self.pool.labels[chosen], minlength=len(CLASSES)).tolist(),
                "kinds": Counter(self.kinds[row] for row in rows.tolist()),
            }
        originals = self._accuracies(beside, test)
        clock.lap("training")
        return {
            "seed": self.seed,
            "size": size,
            ORIGINALS: originals,
            "slices": slices,
            "kinds": self._by_kind(),
            "found": {name: self._found(values) for name, values in self.values.items()},
            "seen by MCDS": float((self.values["MCDS"] != 0.0).mean()),
            "seconds": {**self.seconds, **clock.seconds},
        }

    def _slices(self, generator: np.random.Generator) -> dict[str, Rows]:
        size = self.sizes.slice
        ranked = {name: np.argsort(-values, kind="stable") for name, values in self.values.items()}
        ours, count = ranked[HCDV], len(self.kinds)
        middle = 4 * count // 10
        labels = self.pool.labels[self.first :]
        return {
            "HCDV top": ours[:size],
            "HCDV mid": ours[middle : middle + size],
            "HCDV bottom": ours[-size:],
            "HCDV select": select(self.values[HCDV], labels, size / count, "spread", generator),
            **{name if name == RANDOM else f"{name} top": ranked[name][:size] for name in RIVALS},
        }

    def _accuracies(self, rows: Rows, test: Labelled) -> list[float]:
        chosen = self.pool.take(rows)
        return [
            ConvNet.fit(
                chosen.images,
                chosen.labels,
                len(CLASSES),
                1_000 * self.seed + place,
                self.sizes.epochs,
            ).accuracy(test.images, test.labels)
            for place in range(self.sizes.initialisations)
        ]

    def _by_kind(self) -> dict[str, dict[str, float]]:
        kinds = np.array([*["original"] * self.first, *self.kinds])
        return {
            kind: {
                "recognised": float(self.recognised[kinds == kind].mean()),
                "beyond": float(self.streamed.beyond[kinds == kind].mean()),
            }
            for kind in ("original", *KINDS)
        }

    def _found(self, values: Values) -> dict[str, float]:
        """Return how well low values find images not recognised: AUC in all and inside classes."""
        drawn = np.array(self.kinds) == GENERATED
        bad, labels = ~self.recognised[self.first :], self.pool.labels[self.first :]
        return {
            "generated": _auc(bad[drawn], values[drawn]),
            "generated, in class": _in_class(bad[drawn], values[drawn], labels[drawn]),
            "all": _auc(bad, values),
            "all, in class": _in_class(bad, values, labels),
        }


def _auc(bad: Flags, values: Values) -> float:
    """Return the AUC of −value against what is bad; ½ where there is nothing to tell apart."""
    return float(roc_auc_score(bad, -values)) if bad.any() and not bad.all() else 0.5


def _in_class(bad: Flags, values: Values, labels: Labels) -> float:
    mixed = [label for label in np.unique(labels) if 0 < bad[labels == label].mean() < 1]
    return detection(values, labels, bad) if mixed else 0.5


class _Clock:
    """Processor seconds between laps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.process_time()

    def lap(self, name: str) -> None:
        now = time.process_time()
        self.seconds[name] = now - self._since
        self._since = now
