"""Examples of a file whose label is probably wrong: by a bundle's model, or by the file itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.errors import FeatureError, TrainingError
from hcdv_stream.bundle.fitting import fit_schema
from hcdv_stream.bundle.gaps import matrix_with_gaps
from hcdv_stream.bundle.schema import FeatureSchema
from hcdv_stream.offline.encoding import ValuationError, encode_examples
from hcdv_stream.offline.examples import Examples, Roles
from hcdv_stream.offline.tables import TableError, read_file
from hcdv_stream.runtime.blas import one_blas_thread
from hcdv_stream.valuation.doubt.calibration import LEAST_TRUSTED
from hcdv_stream.valuation.doubt.doubt_training import TrainedDoubt, train_doubt
from hcdv_stream.valuation.doubt.labelled_matrix import LabelledMatrix
from hcdv_stream.valuation.doubt.model import Doubts
from hcdv_stream.valuation.doubt.reasons import reason

LEAST_ROWS = 20
"""Rows that are needed to learn from a file what its labels should be."""


@dataclass(frozen=True, slots=True)
class DoubtedFile:
    """A file's examples with their doubts, the most doubtful first.

    ``table`` has the columns ``id``, ``label``, ``suggested``, ``doubt``, ``why`` and ``provider``,
    the last where the file has one. ``evidence`` is what calibrated the doubts, ``calibration``
    their curve where V did, ``rejected`` counts rows by why they were refused, and ``seen`` those
    that a bundle's models have learned from: their doubts are too small.
    """

    table: pa.Table
    evidence: str
    calibration: list[dict[str, float]]
    rejected: Mapping[str, int]
    seen: int = 0

    def above(self, threshold: float) -> pa.Table:
        """Return the examples that are doubted more than that."""
        count = int(np.count_nonzero(self.table["doubt"].to_numpy() > threshold))
        return self.table.slice(0, count)

    @property
    def expected(self) -> float:
        """How many labels are wrong, by the doubts' sum."""
        return float(self.table["doubt"].to_numpy().sum())


def doubt_by_bundle(examples: Examples, bundle: Bundle) -> DoubtedFile:
    """Doubt examples by the frozen model of a bundle, as the worker would.

    Raises ValuationError where it has none or no example fits.
    """
    if bundle.doubt is None:
        raise ValuationError(
            "the bundle has no doubt model; train it again with `hcdv-stream train`, or leave "
            "--bundle out to learn from the file itself"
        )
    encoded = encode_examples(examples, bundle).distinct()
    batch = encoded.batch
    doubts = bundle.doubt.doubts(encoded.features, batch.labels, batch.providers)
    seen = bundle.doubt.seen(batch.fingerprints[:, 0], batch.providers)
    table = _table(
        (batch.ids, batch.providers, batch.labels),
        bundle.classes,
        doubts,
        bundle.doubt.models.names,
        seen,
    )
    curve = [dict(each) for each in bundle.calibration]
    return DoubtedFile(
        table, bundle.doubt.evidence, curve, encoded.rejected, int(np.count_nonzero(seen))
    )


def read_trusted(path: Path, label: str, dropped: Collection[str]) -> Examples:
    """Read a file of rows whose labels were checked; raises TableError.

    It need not have the columns that are dropped from the examples.
    """
    roles = Roles(label=label)
    try:
        file = read_file(path, roles.columns)
        there = [name for name in dropped if name in file.table.column_names]
        return Examples.of(file, roles, there)
    except TableError as error:
        raise TableError(f"--trusted {path}: {error}") from error


def doubt_by_itself(
    examples: Examples, trusted: Examples | None = None, *, seed: int = 0
) -> DoubtedFile:
    """Doubt each example by models that were fitted on the others, and not on its provider's.

    The labels of ``trusted`` are right: they say how many of the others are wrong. Raises
    ValuationError where there are too few rows or classes, or a column cannot be used.
    """
    classes = tuple(sorted(set(examples.labels)))
    if unknown := sorted(set(trusted.labels if trusted else ()) - set(classes)):
        raise ValuationError(
            f"--trusted has the label {unknown[0]!r}, which no row of the file has "
            f"({', '.join(classes[:5])}): spell labels alike in both files"
        )
    if trusted is not None and len(trusted) < LEAST_TRUSTED:
        raise ValuationError(
            f"--trusted has {len(trusted)} rows with a label; at least {LEAST_TRUSTED} are needed "
            "to calibrate doubts: check more rows, or leave --trusted out"
        )
    if len(classes) < 2 or len(examples) < LEAST_ROWS:
        raise ValuationError(
            f"there are {len(examples)} rows of {len(classes)} classes; at least {LEAST_ROWS} rows "
            "and 2 classes are needed to learn what labels should be, so give a --bundle"
        )
    try:
        schema = fit_schema(examples.columns)
        table = _labelled(examples, schema, classes)
    except (TrainingError, FeatureError) as error:
        raise ValuationError(str(error)) from error
    try:
        checked = _labelled(trusted, schema, classes) if trusted else _nothing(schema)
    except FeatureError as error:
        raise ValuationError(
            f"--trusted: {error}; give it the features of the examples, or name those that it "
            "lacks with --drop"
        ) from error
    named = any(name is not None for name in examples.providers)
    with one_blas_thread():
        trained: TrainedDoubt = train_doubt(
            table,
            checked,
            len(classes),
            seed=seed,
            providers=examples.providers if named else None,
        )
    return DoubtedFile(
        _table(
            (examples.ids, examples.providers, table.labels),
            classes,
            trained.doubts,
            trained.model.models.names,
        ),
        trained.model.evidence,
        [] if trained.curve is None else trained.curve.to_json(),
        {"they have no label": examples.unlabelled} if examples.unlabelled else {},
    )


def _labelled(
    examples: Examples, schema: FeatureSchema, classes: tuple[str, ...]
) -> LabelledMatrix:
    places = {label: place for place, label in enumerate(classes)}
    labels = np.array([places[label] for label in examples.labels], np.int16)
    return LabelledMatrix(matrix_with_gaps(schema, examples.columns), labels)


def _nothing(schema: FeatureSchema) -> LabelledMatrix:
    return LabelledMatrix(np.zeros((0, schema.width), np.float32), np.zeros(0, np.int16))


def _table(
    examples: tuple[Sequence[str], Sequence[str | None], npt.NDArray[np.int16]],
    classes: tuple[str, ...],
    doubts: Doubts,
    models: tuple[str, ...],
    seen: npt.NDArray[np.bool_] | None = None,
) -> pa.Table:
    ids, providers, labels = examples
    order = np.argsort(-doubts.doubt, kind="stable").tolist()
    columns: dict[str, Any] = {
        "id": pa.array([ids[row] for row in order], pa.string()),
        "label": pa.array([classes[labels[row]] for row in order], pa.string()),
        "suggested": pa.array([classes[doubts.suggested[row]] for row in order], pa.string()),
        "doubt": doubts.doubt[order],
        "why": pa.array(
            [
                reason(
                    dict(zip(models, doubts.support[row].tolist(), strict=True)),
                    None,
                    seen=seen is not None and bool(seen[row]),
                )
                for row in order
            ],
            pa.string(),
        ),
    }
    if any(name is not None for name in providers):
        columns["provider"] = pa.array([providers[row] for row in order], pa.string())
    return pa.table(columns)
