"""A file's examples as the worker would see them: validated, in order of time, embedded."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.errors import FeatureError, LabelError
from hcdv_stream.bundle.fingerprints import fingerprints
from hcdv_stream.errors import HcdvError
from hcdv_stream.offline.examples import Examples
from hcdv_stream.valuation.batch import Batch


class ValuationError(HcdvError):
    """A file that cannot be valued: one sentence with the fix."""


@dataclass(frozen=True, slots=True)
class EncodedExamples:
    """What passed, in order of time, ties in order of the file.

    ``batch`` holds n records, an id perhaps more than once; ``places`` int64 (n,) are their rows in
    the file, ``features`` float32 (n, width) what was embedded. ``rejected`` counts refusals by
    reason.
    """

    batch: Batch
    places: npt.NDArray[np.int64]
    features: npt.NDArray[np.float32]
    rejected: Mapping[str, int]

    def distinct(self) -> "EncodedExamples":
        """Return the last record of every id."""
        last = {name: row for row, name in enumerate(self.batch.ids)}
        if len(last) == len(self.batch):
            return self
        rows = np.array(sorted(last.values()), np.int64)
        batch = Batch(
            [self.batch.ids[row] for row in rows.tolist()],
            self.batch.labels[rows],
            [self.batch.providers[row] for row in rows.tolist()],
            self.batch.timestamps[rows],
            self.batch.embeddings[rows],
            self.batch.fingerprints[rows],
        )
        return EncodedExamples(batch, self.places[rows], self.features[rows], self.rejected)


def encode_examples(examples: Examples, bundle: Bundle) -> EncodedExamples:
    """Validate and embed every example as the worker would.

    A record's position is its place in time.

    Raises ValuationError where none fits the bundle.
    """
    rows, accepted, labels, rejected = _validated(examples, bundle)
    order = np.argsort(examples.timestamps[accepted], kind="stable")
    places = accepted[order]
    ordered = np.array([rows[place] for place in order], np.float64)
    features = bundle.schema.matrix(ordered)
    listed = places.tolist()
    batch = Batch(
        [examples.ids[place] for place in listed],
        labels[order],
        [examples.providers[place] for place in listed],
        examples.timestamps[places],
        bundle.encode(features, np.arange(len(listed))),
        fingerprints(ordered, labels[order].tolist()),
    )
    return EncodedExamples(batch, places, features, rejected)


def _validated(
    examples: Examples, bundle: Bundle
) -> tuple[list[Any], npt.NDArray[np.int64], npt.NDArray[np.int16], dict[str, int]]:
    """Return the accepted ones' feature rows, places and classes, and the refusals."""
    missing = [name for name in bundle.schema.names if name not in examples.columns]
    if missing:
        raise ValuationError(
            f"the bundle needs the column {missing[0]!r}, which the file does not have; name the "
            "bundle that was trained on such files"
        )
    columns = [examples.columns[name] for name in bundle.schema.names]
    rows, accepted, labels = [], [], []
    rejected: Counter[str] = Counter()
    message = ""
    for place, values in enumerate(zip(*columns, strict=True)):
        try:
            row, label = bundle.schema.row(values), bundle.class_of(examples.labels[place])
        except (FeatureError, LabelError) as error:
            rejected[error.reason] += 1
            message = message or str(error)
            continue
        rows.append(row)
        accepted.append(place)
        labels.append(label)
    if not rows:
        raise ValuationError(
            f"none of the {len(examples)} rows fits the bundle; the first: {message}"
        )
    return rows, np.array(accepted), np.array(labels, np.int16), dict(rejected)
