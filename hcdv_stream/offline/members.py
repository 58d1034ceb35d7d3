"""Values a file by several encoders, each with a tree of its own: the mean of what they find."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.gaps import matrix_with_gaps
from hcdv_stream.bundle.split import stratified_split
from hcdv_stream.bundle.training import TrainingOptions, TrainingProgress, retrained
from hcdv_stream.estimator.members.seeds import member_seeds
from hcdv_stream.offline.encoding import encode_examples
from hcdv_stream.offline.examples import Examples
from hcdv_stream.offline.valuation import (
    TRAINING_ROWS,
    TRAINING_SHARE,
    VALIDATION_SHARE,
    FileValuation,
    Rows,
    value_examples,
)
from hcdv_stream.settings import Settings
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.encoder_training import LabelledRows
from hcdv_stream.valuation.member_values import MemberValues

PLACED = ("leaf", "path")
"""Columns that only a single tree has."""


@dataclass(frozen=True, slots=True)
class _Column:
    """What one member's table says of n examples, as ``Values``."""

    value: Floats
    stderr: Floats
    evaluated: Floats


def train_members(
    bundle: Bundle,
    trusted: Examples,
    examples: Examples,
    options: TrainingOptions,
    *,
    members: int,
    progress: Callable[[TrainingProgress], None] = lambda _: None,
) -> list[Bundle]:
    """Return a bundle that ``train_own_bundle`` made, and as many more as make ``members``.

    ``trusted`` are the rows that became its V, ``examples`` those that are valued. Each other
    bundle has an encoder of its own, trained on another part of the latter, and the same V.
    """
    known = LabelledRows(
        matrix_with_gaps(bundle.schema, trusted.columns), _codes(trusted.labels, bundle)
    )
    encoded = encode_examples(examples, bundle)
    order = np.argsort(encoded.places)
    rows, labels = encoded.features[order], encoded.batch.labels[order]
    found = [bundle]
    for seed in member_seeds(options.seed, members)[1:]:
        part = _part(labels, seed)
        own = replace(options, seed=seed)
        found.append(
            retrained(bundle, LabelledRows(rows[part], labels[part]), known, own, progress)
        )
    return found


def value_by_members(
    examples: Examples,
    bundles: Sequence[Bundle],
    settings: Settings,
    progress: Callable[[int], None] = lambda _: None,
    *,
    rebuilt: bool = False,
) -> FileValuation:
    """Value the examples in the trees of several bundles with one schema and one V.

    Returns the mean; see ``value_examples`` and, for standard errors, ``valuation.member_values``.
    ``progress`` gets counts of examples, of each member's behind those of the members before.
    """
    found = [
        value_examples(
            examples,
            bundle,
            settings,
            lambda done, place=place: progress(place * len(examples) + done),  # type: ignore[misc]
            rebuilt=rebuilt,
        )
        for place, bundle in enumerate(bundles)
    ]
    values = MemberValues([_column(each.table) for each in found])
    total = fmean(each.total for each in found if each.total is not None)
    return replace(
        found[0],
        table=_with_values(found[0].table, values),
        total=total,
        residual=abs(float(values.value.sum()) - total),
        leaves=0,
    )


def _codes(labels: Sequence[str], bundle: Bundle) -> npt.NDArray[np.int16]:
    return np.array([bundle.class_of(label) for label in labels], np.int16)


def _part(labels: npt.NDArray[np.int16], seed: int) -> Rows:
    """Return as many rows as the first bundle's encoder and tree were trained on."""
    whole = len(labels) / (1.0 - TRAINING_SHARE * VALIDATION_SHARE)
    wanted = (1.0 - VALIDATION_SHARE) * min(TRAINING_SHARE * whole, TRAINING_ROWS)
    return stratified_split(labels, (wanted / len(labels),), seed)[0]


def _column(table: pa.Table) -> _Column:
    return _Column(*(table[name].to_numpy() for name in ("value", "stderr", "evaluated")))


def _with_values(table: pa.Table, values: MemberValues) -> pa.Table:
    columns: dict[str, Any] = {
        name: getattr(values, name) if hasattr(values, name) else table[name]
        for name in table.column_names
        if name not in PLACED
    }
    return pa.table(columns)
