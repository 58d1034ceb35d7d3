"""From a set and a seed to something that can be valued: parts, flips, a bundle, embeddings."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.training import TrainingOptions, train_bundle
from hcdv_stream.experiments.common.datasets import Dataset
from hcdv_stream.experiments.common.measures import DownstreamModel, Rows, downstream_model
from hcdv_stream.experiments.common.protocol import FLIPPED, TEST, flip, part
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.seed import SeedHierarchy
from hcdv_stream.valuation.validation import Validation


@dataclass(frozen=True, slots=True)
class ExperimentCase:
    """One set under one seed, ready to be valued.

    n examples: ``embeddings`` (n, d) on the grid, ``labels`` int16 (n,) as observed, ``flipped``
    bool (n,) the truth that no method sees. ``validation`` has clean labels, ``noisy_validation``
    the same rows as noisy as the rest. ``downstream`` scores selections; its ``candidates`` are the
    raw features. ``rows`` (n,) are the examples' places in the set that was cut.
    """

    name: str
    classes: tuple[str, ...]
    embeddings: Embeddings
    labels: npt.NDArray[np.int16]
    flipped: npt.NDArray[np.bool_]
    validation: Validation
    noisy_validation: Validation
    hierarchy: SeedHierarchy
    tau: float
    downstream: DownstreamModel
    seed: int
    rows: Rows

    @property
    def batch(self) -> Batch:
        """The examples in stream order; ids sort as positions do."""
        n = len(self.labels)
        ids = [f"{position:07d}" for position in range(n)]
        return Batch(ids, self.labels, [None] * n, np.arange(n, dtype=np.float64), self.embeddings)

    def take(self, rows: Rows) -> "ExperimentCase":
        """Return the case of some of its examples, with all of V."""
        model = self.downstream
        candidates, labels = model.candidates[rows], model.labels[rows]
        return replace(
            self,
            embeddings=self.embeddings[rows],
            labels=self.labels[rows],
            flipped=self.flipped[rows],
            downstream=replace(model, candidates=candidates, labels=labels),
            rows=self.rows[rows],
        )


def prepare(
    data: Dataset,
    seed: int,
    options: TrainingOptions | None = None,
    share: float = FLIPPED,
    test: float = TEST,
) -> ExperimentCase:
    """Cut, flip a ``share``, train and embed; everything random follows from ``seed``.

    A share ``test`` of the rows is kept to score selections on.

    The bundle is what ``train`` makes of the noisy training part; its V is then replaced by the
    trusted rows.
    """
    generator = np.random.default_rng(seed)
    parts = part(data.labels, generator, test)
    corpus = np.concatenate([parts.training, parts.trusted, parts.valued])
    noisy, flipped = flip(data.labels[corpus], len(data.classes), generator, share)
    first, second = len(parts.training), len(parts.training) + len(parts.trusted)
    bundle = _bundle(data.take(parts.training).with_labels(noisy[:first]), seed, options)
    trusted = bundle.encode_columns(data.take(parts.trusted).columns)
    return ExperimentCase(
        name=data.name,
        classes=data.classes,
        embeddings=bundle.encode_columns(data.take(parts.valued).columns),
        labels=noisy[second:],
        flipped=flipped[second:],
        validation=Validation(trusted, data.labels[parts.trusted]),
        noisy_validation=Validation(trusted, noisy[first:second]),
        hierarchy=bundle.seed,
        tau=bundle.tau,
        downstream=downstream_model(data, parts.valued, parts.test, noisy[second:]),
        seed=seed,
        rows=parts.valued,
    )


def _bundle(training: Dataset, seed: int, options: TrainingOptions | None) -> Bundle:
    least = len(training.classes)
    chosen = replace(options or TrainingOptions(), seed=seed, validation_rows=least, doubt=False)
    labels = np.array(training.classes, dtype=object)[training.labels]
    return train_bundle(training.columns, labels, options=chosen).bundle
