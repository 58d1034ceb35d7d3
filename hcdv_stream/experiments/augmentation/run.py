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

![Candidates of each kind, from the top and from the bottom](augmentation.png)

Drawn by ``python -m hcdv_stream.experiments.augmentation.picture``; a frame marks what is not
recognised as its class.
"""

from collections import Counter
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from hcdv_stream.experiments.augmentation.classifier import ConvNet
from hcdv_stream.experiments.augmentation.fashion_mnist import CLASSES, Labels, fashion_images
from hcdv_stream.experiments.augmentation.pool import GENERATED, KINDS, Labelled
from hcdv_stream.experiments.augmentation.trial import (
    HCDV,
    SMALL,
    Flags,
    ProcessorStopwatch,
    Rows,
    Sizes,
    Trial,
    Values,
)
from hcdv_stream.experiments.augmentation.values import RIVALS
from hcdv_stream.experiments.common.measures import detection
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress, Result
from hcdv_stream.valuation.selection import select

SHARE = 0.3
"""Of the slice in what is trained on."""
RANDOM, ORIGINALS = "random", "originals instead"


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
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
        runs.append(outcome(trial, test))
        progress.done()
    return {"experiment": "augmentation", "seeds": seeds, "runs": runs}


def outcome(trial: Trial, test: Labelled) -> dict[str, Any]:
    """Return what the slices are made of, what they train, and what the values find."""
    generator = np.random.default_rng([trial.seed, 12])
    size = trial.sizes.slice
    beside = generator.permutation(trial.first)[: round(size / SHARE)]
    kept = beside[size:]
    known = np.unique(trial.streamed.leaves[: trial.first])
    clock = ProcessorStopwatch()
    slices = {}
    for name, rows in _slices(trial, generator).items():
        chosen = rows + trial.first
        slices[name] = {
            "accuracy": _accuracies(trial, np.concatenate([kept, chosen]), test),
            "overlap": float(np.isin(trial.streamed.leaves[chosen], known).mean()),
            "beyond": float(trial.streamed.beyond[chosen].mean()),
            "recognised": float(trial.recognised[chosen].mean()),
            "counts": np.bincount(trial.pool.labels[chosen], minlength=len(CLASSES)).tolist(),
            "kinds": Counter(trial.kinds[row] for row in rows.tolist()),
        }
    originals = _accuracies(trial, beside, test)
    clock.lap("training")
    return {
        "seed": trial.seed,
        "size": size,
        ORIGINALS: originals,
        "slices": slices,
        "kinds": _by_kind(trial),
        "found": {name: _found(trial, values) for name, values in trial.values.items()},
        "seen by MCDS": float((trial.values["MCDS"] != 0.0).mean()),
        "seconds": {**trial.seconds, **clock.seconds},
    }


def _slices(trial: Trial, generator: np.random.Generator) -> dict[str, Rows]:
    size = trial.sizes.slice
    ranked = {name: np.argsort(-values, kind="stable") for name, values in trial.values.items()}
    ours, count = ranked[HCDV], len(trial.kinds)
    middle = 4 * count // 10
    labels = trial.pool.labels[trial.first :]
    return {
        "HCDV top": ours[:size],
        "HCDV mid": ours[middle : middle + size],
        "HCDV bottom": ours[-size:],
        "HCDV select": select(
            trial.values[HCDV],
            labels,
            size / count,
            "spread",
            generator,
            evaluated=trial.streamed.evaluated[trial.first :],
        ),
        **{name if name == RANDOM else f"{name} top": ranked[name][:size] for name in RIVALS},
    }


def _accuracies(trial: Trial, rows: Rows, test: Labelled) -> list[float]:
    chosen = trial.pool.take(rows)
    return [
        ConvNet.fit(
            chosen.images,
            chosen.labels,
            len(CLASSES),
            1_000 * trial.seed + place,
            trial.sizes.epochs,
        ).accuracy(test.images, test.labels)
        for place in range(trial.sizes.initialisations)
    ]


def _by_kind(trial: Trial) -> dict[str, dict[str, float]]:
    kinds = np.array([*["original"] * trial.first, *trial.kinds])
    return {
        kind: {
            "recognised": float(trial.recognised[kinds == kind].mean()),
            "beyond": float(trial.streamed.beyond[kinds == kind].mean()),
        }
        for kind in ("original", *KINDS)
    }


def _found(trial: Trial, values: Values) -> dict[str, float]:
    """Return how well low values find images not recognised: AUC in all and inside classes."""
    drawn = np.array(trial.kinds) == GENERATED
    bad, labels = ~trial.recognised[trial.first :], trial.pool.labels[trial.first :]
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
