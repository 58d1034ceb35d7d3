"""A stream whose concept changes in a part of the feature space, two thirds of the way.

Beyond a random plane of the standardised features each label is the next class's from then on; two
classes are swapped. An old example there whose label was right is *dead*: it says what is no longer
true. 10% of all labels are wrong from the beginning, except those of V and of trusted sessions. The
last third is one day of event time, and so is each of the two before it. A set with fewer rows than
bundle, V and stream take is cut in the same proportions.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.training import TrainingOptions, train_bundle
from hcdv_stream.experiments.common.datasets import Dataset
from hcdv_stream.experiments.common.protocol import FLIPPED
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.tree.seed import SeedHierarchy
from hcdv_stream.valuation.validation import Validation

DAY = 86_400.0
BUNDLE_ROWS, TRUSTED_ROWS, STREAM_ROWS = 3_000, 600, 7_500
TRUSTED_SHARE = 0.2
"""Of the stream's sessions, in the days before the change and after it."""
PROVIDERS = 5

Labels = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DriftTask:
    """A stream under one seed: ``batch`` has n sessions in order, ``trusted`` ones among them.

    ``right`` says whose label is true as of the end, ``old`` who came before the change, ``dead``
    whose label was true before it and is not any more; each bool (n,). ``rows`` (n, f) are raw
    features for tree learners.
    """

    name: str
    classes: tuple[str, ...]
    batch: Batch
    trusted: Flags
    old: Flags
    right: Flags
    dead: Flags
    rows: npt.NDArray[np.float64]
    validation: Validation
    seed_tree: SeedHierarchy
    config: EngineConfig


def drift_task(
    data: Dataset, seed: int, changed: float, small: bool = False, ordered: bool = False
) -> DriftTask:
    """Cut, train and embed; the concept changes for a share ``changed`` of the sessions.

    With ``ordered`` the stream keeps the order of the set, whose own drift is then the only one.
    """
    generator = np.random.default_rng([seed, 12])
    wanted = np.array([BUNDLE_ROWS, TRUSTED_ROWS, STREAM_ROWS])
    scale = 1 / 12 if small else min(1.0, len(data) / wanted.sum())
    sizes = np.floor(wanted * scale + 1e-9).astype(int).tolist()
    rows = generator.permutation(len(data))
    if ordered:
        first = np.arange(len(data) // 3)
        rows = np.concatenate([generator.permutation(first), np.arange(len(first), len(data))])
    sizes[2] = min(sizes[2], len(data) - sizes[0] - sizes[1])
    training, judging, streamed = np.split(rows[: sum(sizes)], np.cumsum(sizes)[:2])
    if ordered:
        streamed = np.sort(rows[sizes[0] + sizes[1] :])
    region = _region(data, changed, generator)
    number = len(streamed)
    old = np.arange(number) < number * 2 // 3
    before = data.labels[streamed]
    count = len(data.classes)
    after = np.where(region[streamed], (before + 1) % count, before).astype(np.int16)
    true = np.where(old, before, after).astype(np.int16)
    trusted = generator.random(number) < TRUSTED_SHARE
    observed = _noisy(true, count, generator, ~trusted)
    noisy = _noisy(data.labels[training], count, generator, np.ones(len(training), np.bool_))
    options = TrainingOptions(seed=seed, validation_rows=len(data.classes), doubt=False)
    named = np.array(data.classes, dtype=object)[noisy]
    bundle = train_bundle(data.take(training).columns, named, options=options).bundle
    batch = Batch(
        [f"{place:07d}" for place in range(number)],
        observed,
        [f"seller-{one}" for one in generator.integers(0, PROVIDERS, number)],
        (1.6e9 + np.arange(number) * (3 * DAY / number)).astype(np.float64),
        bundle.encode_columns(data.take(streamed).columns),
    )
    return DriftTask(
        data.name,
        data.classes,
        batch,
        trusted,
        old,
        observed == after,
        old & (observed == before) & (observed != after),
        data.matrix()[streamed],
        Validation(bundle.encode_columns(data.take(judging).columns), data.labels[judging]),
        bundle.seed,
        EngineConfig(tau=bundle.tau),
    )


def without_trusted(task: DriftTask) -> DriftTask:
    """Return the task of the sessions that are valued in any case."""
    kept = np.flatnonzero(~task.trusted)
    batch = task.batch
    return replace(
        task,
        batch=Batch(
            [batch.ids[row] for row in kept.tolist()],
            batch.labels[kept],
            [batch.providers[row] for row in kept.tolist()],
            batch.timestamps[kept],
            batch.embeddings[kept],
        ),
        trusted=task.trusted[kept],
        old=task.old[kept],
        right=task.right[kept],
        dead=task.dead[kept],
        rows=task.rows[kept],
    )


def _region(data: Dataset, changed: float, generator: np.random.Generator) -> Flags:
    """Return which rows lie where the concept changes: beyond a random plane."""
    numbers = np.nan_to_num(data.matrix(), nan=-1.0)
    spread = numbers.std(axis=0)
    scaled = (numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    along = scaled @ generator.normal(size=scaled.shape[1])
    beyond: Flags = along > np.quantile(along, 1.0 - changed)
    return beyond


def _noisy(labels: Labels, classes: int, generator: np.random.Generator, among: Flags) -> Labels:
    """Make a share FLIPPED of labels wrong, of those ``among``: any other class, all alike."""
    flipped = (generator.random(len(labels)) < FLIPPED) & among
    steps = generator.integers(1, classes, len(labels)) if classes > 2 else 1
    return np.where(flipped, (labels + steps) % classes, labels).astype(np.int16)
