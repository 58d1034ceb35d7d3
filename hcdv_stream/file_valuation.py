"""Values a file as one corpus: the same engine as the worker's, without Kafka and without disk."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.errors import FeatureError, LabelError
from hcdv_stream.bundle.split import stratified_split
from hcdv_stream.bundle.training import Progress, TrainingOptions, train_bundle
from hcdv_stream.errors import HcdvError
from hcdv_stream.examples import Examples
from hcdv_stream.settings import Settings
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.readings import residual

TRAINING_SHARE = 0.4
"""Share of a file that a bundle of its own is trained on."""
TRAINING_ROWS = 40_000
"""The most rows of a file that a bundle of its own is trained on."""
VALIDATION_SHARE = 0.25
"""Share of those that become V: a tenth of the file."""

Rows = npt.NDArray[np.int64]


class ValuationError(HcdvError):
    """A file that cannot be valued: one sentence with the fix."""


@dataclass(frozen=True, slots=True)
class FileValuation:
    """What a file's examples are worth, one row per id in the order of the file.

    ``table`` has the columns ``id``, ``label``, ``value``, ``stderr``, ``leaf`` and ``path`` (its
    nodes from the root, joined by ``/``), and ``provider`` where the file has one. ``total`` is
    v(D) − v(∅) and ``residual`` how far the values' sum is from it. ``rejected`` counts rows by
    why they were refused; ``replaced`` counts rows whose id came again, of which the last counts.
    """

    table: pa.Table
    total: float
    residual: float
    updates: int
    leaves: int
    rejected: Mapping[str, int]
    replaced: int


def train_own_bundle(
    examples: Examples,
    label: str,
    options: TrainingOptions,
    progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[Bundle, Rows]:
    """Train a bundle on a part of the examples that are to be valued.

    Returns it with the rows that became V: these judge, so they are not to be valued. The other
    rows of the part may be, though the encoder has seen their labels. Raises TrainingError.
    """
    codes = np.unique(examples.labels, return_inverse=True)[1]
    share = min(TRAINING_SHARE, TRAINING_ROWS / max(len(examples), 1))
    part = stratified_split(codes, (share,), options.seed)[0]
    taken = examples.take(part)
    options = replace(options, validation_share=VALIDATION_SHARE)
    trained = train_bundle(taken.columns, taken.labels, label, options, progress)
    return trained.bundle, part[trained.validation_rows]


def value_examples(
    examples: Examples,
    bundle: Bundle,
    settings: Settings,
    progress: Callable[[int], None] = lambda _: None,
) -> FileValuation:
    """Value the examples in order of time, ties in order of the file.

    ``progress`` gets the count of examples so far. Raises ValuationError where none fits the bundle
    or the utility names no class.
    """
    rows, accepted, labels, rejected = _judged(examples, bundle)
    order = np.argsort(examples.timestamps[accepted], kind="stable")
    batch = _batch(
        examples, bundle, accepted[order], [rows[place] for place in order], labels[order]
    )
    config = settings.engine(bundle.tau)
    engine = Engine.from_seed(config, len(bundle.classes), bundle.validation, bundle.seed)
    for start in range(0, len(batch), config.update_size):
        engine.apply(batch.slice(start, start + config.update_size))
        progress(min(start + config.update_size, len(batch)))
    trusted = bundle.validation.counts(len(bundle.classes))
    corpus = Corpus(engine.state(), config.game, bundle.classes, trusted)
    try:
        reading = corpus.reading(settings.weights if config.game == "routed" else None)
    except ValueError as error:
        raise ValuationError(str(error)) from error
    places = {examples.ids[row]: int(row) for row in accepted[order]}
    return FileValuation(
        table=_table(corpus, *reading.points(), places),
        total=reading.total(),
        residual=residual(reading),
        updates=engine.header.updates,
        leaves=len(corpus.state.leaves),
        rejected=rejected,
        replaced=len(batch) - len(engine),
    )


def _judged(
    examples: Examples, bundle: Bundle
) -> tuple[list[Any], Rows, npt.NDArray[np.int16], dict[str, int]]:
    """Judge every example as the worker would.

    Returns the accepted ones' feature rows, their places and classes, and how many were refused
    for which reason.
    """
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


def _batch(
    examples: Examples,
    bundle: Bundle,
    places: Rows,
    rows: list[Any],
    labels: npt.NDArray[np.int16],
) -> Batch:
    """Embed examples, already in order: a record's position is its place in that order."""
    embeddings = bundle.encode(bundle.schema.matrix(rows), np.arange(len(rows)))
    listed = places.tolist()
    return Batch(
        [examples.ids[place] for place in listed],
        labels,
        [examples.providers[place] for place in listed],
        examples.timestamps[places],
        embeddings,
    )


def _table(
    corpus: Corpus,
    values: npt.NDArray[np.float64],
    errors: npt.NDArray[np.float64],
    places: Mapping[str, int],
) -> pa.Table:
    order = sorted(range(len(values)), key=lambda row: places[corpus.ids[row]])
    paths = {leaf: "/".join(map(str, corpus.path(leaf))) for leaf in set(corpus.leaves.tolist())}
    leaves = corpus.leaves[order]
    columns: dict[str, Any] = {
        "id": pa.array([corpus.ids[row] for row in order], pa.string()),
        "label": pa.array([corpus.classes[corpus.labels[row]] for row in order], pa.string()),
        "value": values[order],
        "stderr": errors[order],
        "leaf": leaves,
        "path": pa.array([paths[leaf] for leaf in leaves.tolist()], pa.string()),
    }
    if any(name is not None for name in corpus.providers):
        providers = [corpus.providers[row] for row in order]
        columns["provider"] = pa.array(providers, pa.string())
    return pa.table(columns)
