"""Trains a bundle from labelled columns: splits, Stage I, Stage II, τ and the doubt model.

The rows are split three ways, each class in the same proportions: V, which nothing is trained on;
rows held out of the training side, which stop the encoder's training and measure τ; and the rows
that encoder, centre and seed hierarchy are made from. The feature schema is fitted on all but V.
The doubt model alone learns from all rows, V included, since more rows make it better: V's part in
its calibration is taken by models that had not seen it.
"""

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.errors import FeatureError, LabelError, TrainingError
from hcdv_stream.bundle.fingerprints import fingerprints
from hcdv_stream.bundle.fitting import embedding_schema, fit_schema
from hcdv_stream.bundle.gaps import rows_with_gaps
from hcdv_stream.bundle.labels import label_text
from hcdv_stream.bundle.schema import Column, Columns, FeatureSchema, listed_column
from hcdv_stream.bundle.split import Rows, stratified_split
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.doubt.doubt_training import train_doubt
from hcdv_stream.valuation.doubt.labelled_matrix import LabelledMatrix
from hcdv_stream.valuation.embedding.encoder import Encoder
from hcdv_stream.valuation.embedding.encoder_training import (
    EncoderOptions,
    Epoch,
    LabelledRows,
    Labels,
    train_encoder,
)
from hcdv_stream.valuation.tree.seed import build_seed, nearest_distances
from hcdv_stream.valuation.validation import Validation

EncoderKind = Literal["contrastive", "identity"]

LEAST_ROWS = 3
"""A class needs one row for each side of the split."""
_VERSIONED = ("hcdv-stream", "numpy", "torch", "scikit-learn")


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How a bundle is trained.

    ``validation_share`` of the rows, at most ``validation_rows``, become V; ``held_out_share`` of
    the rest stop the training. ``tau_quantile`` of the held-out rows' nearest-leaf distances is τ.
    ``numeric`` and ``categorical`` override the types of columns. ``engine`` says how the seed
    hierarchy is cut (its leaf size and branching). ``doubt`` says whether a doubt model is fitted.
    Raises ValueError where out of range.
    """

    encoder: EncoderKind = "contrastive"
    stage_one: EncoderOptions = field(default_factory=EncoderOptions)
    engine: EngineConfig = field(default_factory=EngineConfig)
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    validation_share: float = 0.1
    validation_rows: int = 2000
    held_out_share: float = 0.2
    tau_quantile: float = 0.99
    doubt: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.encoder not in ("contrastive", "identity"):
            raise ValueError(f"encoder must be contrastive or identity, got {self.encoder!r}")
        for name in ("validation_share", "held_out_share", "tau_quantile"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        if self.validation_rows < 1:
            raise ValueError(f"validation_rows must be at least 1, got {self.validation_rows}")


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """How far a training is: the step's name, how much of it is done, out of how much.

    The encoder's step may end before ``of``, when it is stopped early.
    """

    step: Literal["features", "encoder", "hierarchy", "doubt"]
    done: int
    of: int
    loss: float | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """A bundle, and which of the table's rows (ascending indices) went where."""

    bundle: Bundle
    validation_rows: Rows
    held_out_rows: Rows
    fitted_rows: Rows


def train_bundle(
    columns: Columns,
    labels: Column,
    label: str = "label",
    options: TrainingOptions | None = None,
    progress: Callable[[TrainingProgress], None] = lambda _: None,
    *,
    providers: Sequence[str | None] | None = None,
) -> Trained:
    """Train on n rows: ``columns`` by name, in the schema's order, and their ``labels``.

    ``label`` is what the label column is called. Gaps are None, or NaN in an array. ``providers``
    say who supplied each row, None for nobody: the doubt model then has a part for each that saw
    none of its rows. The same input, options and library versions give the same bundle, to its
    checksum. Raises TrainingError.
    """
    options = options or TrainingOptions()
    classes, classed = _classes(labels)
    for name, column in columns.items():
        if len(column) != len(classed):
            raise TrainingError(
                f"the column {name!r} has {len(column)} rows and the labels {len(classed)}"
            )
    validation, held, fitted = _split(classed, options)
    progress(TrainingProgress("features", 0, 1))
    schema, rows = _features(columns, np.sort(np.concatenate([held, fitted])), options)
    matrix = schema.matrix(rows)
    progress(TrainingProgress("features", 1, 1))
    tables = [LabelledRows(matrix[part], classed[part]) for part in (fitted, held)]
    encoder, metrics = _encoder(tables, len(classes), options, progress)
    progress(TrainingProgress("hierarchy", 0, 1))
    embeddings = encoder.embed(matrix, np.arange(len(matrix)))
    seed = build_seed(embeddings[fitted], options.engine)
    distances = nearest_distances(embeddings[held], seed)
    progress(TrainingProgress("hierarchy", 1, 1))
    doubt = None
    if options.doubt:
        progress(TrainingProgress("doubt", 0, 1))
        others = np.sort(np.concatenate([held, fitted]))
        doubt = train_doubt(
            LabelledMatrix(matrix[others], classed[others]),
            LabelledMatrix(matrix[validation], classed[validation]),
            len(classes),
            seed=options.seed,
            providers=None if providers is None else [providers[row] for row in others.tolist()],
            prints=fingerprints(rows, classed.tolist())[np.concatenate([others, validation]), 0],
        )
        progress(TrainingProgress("doubt", 1, 1))
    bundle = Bundle(
        schema=schema,
        classes=classes,
        label=label,
        encoder=encoder,
        validation=Validation(embeddings[validation], classed[validation]),
        seed=seed,
        tau=_tau(distances, options),
        hyper_parameters=_hyper_parameters(options),
        metrics=metrics
        | {"rows_validation": float(len(validation)), "rows_held_out": float(len(held))}
        | {"rows_fitted": float(len(fitted)), "leaves": float(len(seed.centroids))}
        | ({} if doubt is None else doubt.metrics),
        versions={"python": platform.python_version()}
        | {name: version(name) for name in _VERSIONED},
        doubt=None if doubt is None else doubt.model,
        calibration=() if doubt is None or doubt.curve is None else doubt.curve.to_json(),
    )
    return Trained(bundle, validation, held, fitted)


def retrained(
    bundle: Bundle,
    examples: LabelledRows,
    trusted: LabelledRows,
    options: TrainingOptions,
    progress: Callable[[TrainingProgress], None] = lambda _: None,
) -> Bundle:
    """Return the bundle with another encoder, and the tree and τ of its embeddings.

    Schema and classes stay. ``examples`` are what it is trained on, ``trusted`` the rows of V, as
    ``schema.matrix`` has them. There is no doubt model. Raises TrainingError.
    """
    share = options.held_out_share
    held, fitted = stratified_split(examples.labels, (share,), options.seed)
    if not len(held):
        raise TrainingError(f"{len(examples.labels)} rows are too few: none would be held out")
    tables = [LabelledRows(examples.rows[part], examples.labels[part]) for part in (fitted, held)]
    encoder, metrics = _encoder(tables, len(bundle.classes), options, progress)
    embeddings = encoder.embed(examples.rows, np.arange(len(examples.rows)))
    seed = build_seed(embeddings[fitted], options.engine)
    known = encoder.embed(trusted.rows, np.arange(len(trusted.rows)))
    return replace(
        bundle,
        encoder=encoder,
        validation=Validation(known, trusted.labels),
        seed=seed,
        tau=_tau(nearest_distances(embeddings[held], seed), options),
        hyper_parameters=_hyper_parameters(options),
        metrics=metrics,
        doubt=None,
        calibration=(),
    )


def _classes(labels: Column) -> tuple[tuple[str, ...], Labels]:
    """Return the sorted classes and each row's index among them."""
    try:
        texts = [label_text(value) for value in labels]
    except LabelError as error:
        raise TrainingError(f"a row cannot be used: {error}; leave such rows out") from error
    classes = tuple(sorted(set(texts)))
    if len(classes) < 2:
        raise TrainingError(
            f"the label has {len(classes)} class{'' if len(classes) == 1 else 'es'}; "
            "at least 2 are needed, so name another --label"
        )
    if len(classes) > np.iinfo(np.int16).max:
        raise TrainingError(
            f"the label has {len(classes)} classes, more than {np.iinfo(np.int16).max}; "
            "name a column that holds classes as --label"
        )
    index = {text: place for place, text in enumerate(classes)}
    classed: npt.NDArray[np.int16] = np.array([index[text] for text in texts], dtype=np.int16)
    counts = np.bincount(classed)
    rarest = int(counts.argmin())
    if counts[rarest] < LEAST_ROWS:
        raise TrainingError(
            f"the class {classes[rarest]!r} has {counts[rarest]} rows, at least {LEAST_ROWS} are "
            "needed; leave it out or name a column that holds classes as --label"
        )
    return classes, classed


def _split(labels: Labels, options: TrainingOptions) -> list[Rows]:
    """Return the rows of V, the held-out ones and the fitted ones."""
    share = min(options.validation_share, options.validation_rows / len(labels))
    held = (1.0 - share) * options.held_out_share
    parts = stratified_split(labels, (share, held), options.seed)
    for part, name in zip(parts, ("V", "the held-out rows", "the training rows"), strict=True):
        if not len(part):
            raise TrainingError(f"{len(labels)} rows are too few: none is left for {name}")
    return parts


def _features(
    columns: Columns, rows: Rows, options: TrainingOptions
) -> tuple[FeatureSchema, npt.NDArray[np.float64]]:
    """Fit the schema on ``rows`` and return it with every row as it validates it."""
    listed = {name: listed_column(column) for name, column in columns.items()}
    training = {name: [column[row] for row in rows] for name, column in listed.items()}
    if options.encoder == "identity":
        embedding_schema(listed)
        schema = embedding_schema(training)
    else:
        schema = fit_schema(training, options.numeric, options.categorical)
    try:
        return schema, rows_with_gaps(schema, listed)
    except FeatureError as error:
        raise TrainingError(f"a row cannot be used: {error}; mend it or drop the column") from error


def _encoder(
    tables: Sequence[LabelledRows],
    classes: int,
    options: TrainingOptions,
    progress: Callable[[TrainingProgress], None],
) -> tuple[Encoder, dict[str, float]]:
    """Train on the first table and stop by the second."""
    fitted, held = tables
    if options.encoder == "identity":
        centre = fitted.rows.astype(np.float64).mean(axis=0).astype(np.float32)
        return Encoder(None, centre), {}
    epochs = options.stage_one.epochs

    def report(epoch: Epoch) -> None:
        progress(TrainingProgress("encoder", epoch.number, epochs, epoch.loss))

    trained = train_encoder(
        fitted, held, classes, options.stage_one, seed=options.seed, progress=report
    )
    return trained.encoder, trained.metrics


def _tau(distances: npt.NDArray[np.float64], options: TrainingOptions) -> float:
    """Return τ, kept inside the range that the engine accepts."""
    return float(np.clip(np.quantile(distances, options.tau_quantile), 1e-3, 2.0))


def _hyper_parameters(options: TrainingOptions) -> dict[str, Any]:
    return {
        "encoder": options.encoder,
        "stage_one": asdict(options.stage_one) if options.encoder == "contrastive" else None,
        "leaf_size": options.engine.leaf_size,
        "branching": list(options.engine.branching),
        "validation_share": options.validation_share,
        "validation_rows": options.validation_rows,
        "held_out_share": options.held_out_share,
        "tau_quantile": options.tau_quantile,
        "seed": options.seed,
    }
