"""Values a file as one corpus: the same engine as the worker's, without Kafka and without disk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.errors import TrainingError
from hcdv_stream.bundle.split import stratified_split
from hcdv_stream.bundle.training import LEAST_ROWS, TrainingOptions, TrainingProgress, train_bundle
from hcdv_stream.offline.encoding import EncodedExamples, ValuationError, encode_examples
from hcdv_stream.offline.examples import Examples
from hcdv_stream.runtime.blas import one_blas_thread
from hcdv_stream.settings import Settings
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.tree.coalition_ids import path_ids
from hcdv_stream.valuation.values import StateValues, residual

TRAINING_SHARE = 0.4
"""Share of a file that a bundle of its own is trained on."""
TRAINING_ROWS = 40_000
"""The most rows of a file that a bundle of its own is trained on."""
VALIDATION_SHARE = 0.25
"""Share of those that become V: a tenth of the file."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FileValuation:
    """What a file's examples are worth, one row per id in the order of the file.

    ``table`` has the columns ``id``, ``label``, ``value``, ``stderr``, ``evaluated`` (the value
    without the contrast), ``leaf``, ``path`` (its coalitions from the root, joined by ``/``) and
    ``provider`` where the file has one, and ``doubt`` where the bundle has a doubt model; other
    methods have no ``evaluated``, and those without
    a hierarchy have neither leaf nor path. ``total`` is v(D) − v(∅), None where it was not asked
    for, and ``residual`` how far the values' sum is from it. ``rejected`` counts rows by why they
    were refused; ``replaced`` counts rows whose id came again, of which the last counts;
    ``evaluations`` counts the coalitions that a utility was asked for, and
    ``facts`` says how a sampled method drew them.
    """

    table: pa.Table
    total: float | None
    residual: float | None
    updates: int
    leaves: int
    rejected: Mapping[str, int]
    replaced: int
    evaluations: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


def train_own_bundle(
    examples: Examples,
    label: str,
    options: TrainingOptions,
    progress: Callable[[TrainingProgress], None] = lambda _: None,
) -> tuple[Bundle, Rows]:
    """Train a bundle on a part of the examples that are to be valued.

    Returns it with the rows that became V: these judge, so they are not to be valued. The other
    rows of the part may be, though the encoder has seen their labels. Raises TrainingError.
    """
    names, codes = np.unique(examples.labels, return_inverse=True)
    share = min(TRAINING_SHARE, TRAINING_ROWS / max(len(examples), 1))
    part = stratified_split(codes, (share,), options.seed)[0]
    _check_training(names.tolist(), codes, part)
    taken = examples.take(part)
    options = replace(options, validation_share=VALIDATION_SHARE, doubt=False)
    trained = train_bundle(taken.columns, taken.labels, label, options, progress)
    return trained.bundle, part[trained.validation_rows]


def _check_training(names: Sequence[str], codes: npt.NDArray[np.intp], part: Rows) -> None:
    """Raise where a class is too rare for its part to train on: the file's own counts are said."""
    held, trained = (np.bincount(each, minlength=len(names)) for each in (codes, codes[part]))
    for name, rows, training in zip(names, held.tolist(), trained.tolist(), strict=True):
        if training < LEAST_ROWS:
            raise TrainingError(
                f"the class {name!r} has too few rows ({rows}, of which {training} would train a "
                f"bundle; {LEAST_ROWS} are needed): leave the class out, name another --label, or "
                "give a --bundle"
            )


def value_examples(
    examples: Examples,
    bundle: Bundle,
    settings: Settings,
    progress: Callable[[int], None] = lambda _: None,
    *,
    rebuilt: bool = False,
) -> FileValuation:
    """Value the examples in order of time, ties in order of the file.

    ``rebuilt`` cuts a tree from all of them and plays it once (HCDV-FULL) instead of growing the
    bundle's tree update by update. ``progress`` gets the count of examples so far. Raises
    ValuationError where none fits the bundle or the utility names no class.
    """
    encoded = encode_examples(examples, bundle)
    config = settings.engine(bundle.tau)
    with one_blas_thread():
        engine = _played(encoded, bundle, config, progress, rebuilt)
    trusted = bundle.validation.counts(len(bundle.classes))
    corpus = Corpus(engine.state(), config.game, bundle.classes, trusted, config.neighbours)
    try:
        reading = corpus.state_values(settings.weights if config.game == "routed" else None)
    except ValueError as error:
        raise ValuationError(str(error)) from error
    return FileValuation(
        table=_with_doubts(_table(corpus, reading, encoded), encoded, bundle),
        total=reading.total(),
        residual=residual(reading),
        updates=engine.header.updates,
        leaves=len(corpus.state.leaves),
        rejected=encoded.rejected,
        replaced=len(encoded.batch) - len(engine),
    )


def _with_doubts(table: pa.Table, encoded: EncodedExamples, bundle: Bundle) -> pa.Table:
    """Append the column ``doubt`` where the bundle has a model."""
    if bundle.doubt is None:
        return table
    last = encoded.distinct()
    found = bundle.doubt.doubts(last.features, last.batch.labels, last.batch.providers).doubt
    doubts = dict(zip(last.batch.ids, found.tolist(), strict=True))
    return table.append_column("doubt", pa.array([doubts[n] for n in table["id"].to_pylist()]))


def _played(
    encoded: EncodedExamples,
    bundle: Bundle,
    config: EngineConfig,
    progress: Callable[[int], None],
    rebuilt: bool,
) -> Engine:
    if rebuilt:
        planted = plant(encoded.distinct().batch, len(bundle.classes), config)
        engine = Engine(config, len(bundle.classes), bundle.validation, planted)
        engine.play()
        progress(len(encoded.batch))
    else:
        engine = Engine.from_seed(config, len(bundle.classes), bundle.validation, bundle.seed)
        for start in range(0, len(encoded.batch), config.update_size):
            engine.apply(encoded.batch.slice(start, start + config.update_size))
            progress(min(start + config.update_size, len(encoded.batch)))
    return engine


def _table(
    corpus: Corpus,
    reading: StateValues,
    encoded: EncodedExamples,
) -> pa.Table:
    values = reading.examples()
    places = dict(zip(encoded.batch.ids, encoded.places.tolist(), strict=True))
    order = sorted(range(len(corpus)), key=lambda row: places[corpus.ids[row]])
    leaves = corpus.leaves[order].tolist()
    paths = {leaf: path_ids(0, corpus.path(leaf), leaf) for leaf in set(leaves)}
    columns: dict[str, Any] = {
        "id": pa.array([corpus.ids[row] for row in order], pa.string()),
        "label": pa.array([corpus.classes[corpus.labels[row]] for row in order], pa.string()),
        "value": values.value[order],
        "stderr": values.stderr[order],
        "evaluated": values.evaluated[order],
        "leaf": pa.array([paths[leaf][-1] for leaf in leaves], pa.string()),
        "path": pa.array(["/".join(paths[leaf]) for leaf in leaves], pa.string()),
    }
    if any(name is not None for name in corpus.providers):
        providers = [corpus.providers[row] for row in order]
        columns["provider"] = pa.array(providers, pa.string())
    return pa.table(columns)
