"""Values of the same examples in many corpora: a population of embeddings, and draws from it.

A set's rows are the population. Drawing with replacement makes every draw independent of the
others, so that the spread over draws is the standard error that values ought to state.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.fitting import fit_schema
from hcdv_stream.bundle.gaps import matrix_with_gaps
from hcdv_stream.bundle.split import stratified_split
from hcdv_stream.experiments.common.datasets import Dataset
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.embedding.encoder_training import (
    EncoderOptions,
    LabelledRows,
    train_encoder,
)
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.tree.leaf import no_fingerprints
from hcdv_stream.valuation.tree.seed import build_seed
from hcdv_stream.valuation.tree.sketch import Counts
from hcdv_stream.valuation.validation import Validation
from hcdv_stream.valuation.values import RoutedStateValues

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

HELD_OUT = 0.2
TAU = 2.0
"""No draw founds a leaf: the tree is cut from the corpus."""


@dataclass(frozen=True, slots=True, eq=False)
class RowSource:
    """Embeddings and labels to draw from; ``targets`` are the examples whose values are watched.

    ``training`` are embeddings of the encoder's own rows, of which a bundle's tree is made.
    """

    embeddings: Embeddings
    labels: npt.NDArray[np.int16]
    classes: tuple[str, ...]
    targets: Rows
    training: Embeddings

    def rows(self, generator: np.random.Generator, count: int) -> Rows:
        """Draw that many rows with replacement."""
        return generator.integers(len(self.labels), size=count)


@dataclass(frozen=True, slots=True, eq=False)
class StatedValues:
    """What one draw says of the targets: values, and two standard errors of each, (t,).

    ``evaluators`` leaves out that other examples would compete. ``fewest`` is how many rows of its
    rarest class V has.
    """

    values: Floats
    stderr: Floats
    evaluators: Floats
    fewest: int


def population(data: Dataset, training: int, targets: int, seed: int) -> RowSource:
    """Train an encoder on so many rows and embed all rows; the others are the population."""
    used, rest = stratified_split(data.labels, [training / len(data)], seed)
    schema = fit_schema(data.take(used).columns)
    matrix = matrix_with_gaps(schema, data.columns)
    held, fitted = stratified_split(data.labels[used], [HELD_OUT], seed)
    held_rows, fitted_rows = (
        LabelledRows(matrix[used[part]], data.labels[used[part]]) for part in (held, fitted)
    )
    trained = train_encoder(fitted_rows, held_rows, len(data.classes), EncoderOptions(), seed=seed)
    training_embeddings, embeddings = (
        trained.encoder.embed(matrix[part], np.arange(len(part))) for part in (used, rest)
    )
    generator = np.random.default_rng([seed, 1])
    watched = generator.choice(len(rest), min(targets, len(rest)), replace=False)
    return RowSource(embeddings, data.labels[rest], data.classes, watched, training_embeddings)


def stated_values(
    people: RowSource, examples: Rows, trusted: Rows, leaf_size: int, *, streamed: bool
) -> StatedValues:
    """Value the targets among these other examples, as evaluated by these rows as V.

    ``streamed`` examples go into the tree of a bundle, others into one that is cut from them.
    """
    rows = np.concatenate([people.targets, examples])
    number, classes = len(rows), len(people.classes)
    config = EngineConfig(leaf_size=leaf_size, tau=TAU)
    batch = Batch(
        [f"{place:08d}" for place in range(number)],
        people.labels[rows],
        [None] * number,
        np.zeros(number),
        people.embeddings[rows],
        no_fingerprints(number),
    )
    validation = Validation(people.embeddings[trusted], people.labels[trusted])
    if streamed:
        seed = build_seed(people.training, config)
        engine = Engine.from_seed(config, classes, validation, seed)
        engine.apply(batch)
    else:
        engine = Engine(config, classes, validation, plant(batch, classes, config))
        engine.play()
    return _stated(engine.state(), people, validation.counts(classes))


def _stated(state: EngineState, people: RowSource, trusted: Counts) -> StatedValues:
    corpus = Corpus(state, "routed", people.classes, trusted)
    reading = corpus.state_values()
    assert isinstance(reading, RoutedStateValues)
    found = reading.examples()
    places = [corpus.row(f"{place:08d}") for place in range(len(people.targets))]
    return StatedValues(
        found.value[places],
        found.stderr[places],
        found.evaluator_stderr[places],
        int(trusted.min()),
    )
