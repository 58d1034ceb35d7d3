"""Stage I for a table at hand: a schema for its features, an encoder trained on a part of its rows.

The encoder must not memorise the labels that it will judge, so it is trained on a part of the
corpus, and rows held out of that part decide when it stops.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.errors import ColumnError, TrainingError
from hcdv_stream.bundle.fitting import fit_schema
from hcdv_stream.bundle.gaps import matrix_with_gaps
from hcdv_stream.bundle.schema import FeatureSchema
from hcdv_stream.bundle.split import stratified_split
from hcdv_stream.estimator.embedders import Embedded, Fitted, Rows
from hcdv_stream.estimator.tabular import columns_of, is_frame

if TYPE_CHECKING:
    from hcdv_stream.valuation.embedding.encoder import Encoder

TRAINING_SHARE = 0.4
"""Share of the corpus that the encoder is trained on."""
TRAINING_ROWS = (1024, 40_000)
"""The fewest rows that it is trained on, where there are as many, and the most."""
HELD_OUT_SHARE = 0.2
"""Share of these that stops the training."""


class ContrastiveEmbedder:
    """A schema and the encoder that was trained on what it makes of the features."""

    def __init__(
        self, schema: FeatureSchema, encoder: "Encoder", metrics: Mapping[str, float]
    ) -> None:
        self._schema = schema
        self._encoder = encoder
        self.metrics = metrics

    def embed(self, table: Any, start: int) -> Embedded:
        """See ``Embedder``; raises ValueError for a row that does not fit the schema."""
        return self._embed(feature_matrix(self._schema, table), start)

    def _embed(self, matrix: npt.NDArray[np.float32], start: int) -> Embedded:
        places = np.arange(start, start + len(matrix))
        return Embedded(self._encoder.embed(matrix, places), matrix)

    @classmethod
    def fit(
        cls,
        table: Any,
        labels: npt.NDArray[np.int16],
        rows: Rows,
        classes: int,
        *,
        options: Mapping[str, Any],
        seed: int,
    ) -> Fitted:
        """Fit on ``rows`` of a table of n samples with indices (n,) below ``classes``.

        ``options`` are those of ``EncoderOptions``. Raises ValueError where the rows are too few
        or a column cannot be used.
        """
        from hcdv_stream.valuation.embedding.encoder_training import (  # noqa: PLC0415 (loads torch)
            EncoderOptions,
            LabelledRows,
            train_encoder,
        )

        chosen = EncoderOptions(**options)
        part = rows[_part(labels[rows], seed)]
        held, fitted = (part[each] for each in stratified_split(labels[part], [0.2], seed))
        if not len(held):
            raise ValueError(
                f"n_samples={len(rows)} is too few to train an encoder on: "
                "use encoder='identity' or give more"
            )
        schema = schema_of(table)
        matrix = feature_matrix(schema, table)
        fitted_rows, held_rows = (
            LabelledRows(matrix[each], labels[each]) for each in (fitted, held)
        )
        trained = train_encoder(fitted_rows, held_rows, classes, chosen, seed=seed)
        embedder = cls(schema, trained.encoder, trained.metrics)
        return Fitted(embedder, embedder._embed(matrix, 0))


def _part(labels: npt.NDArray[np.int16], seed: int) -> Rows:
    """Return the places, among these rows, of those to train on."""
    fewest, most = TRAINING_ROWS
    share = min(max(TRAINING_SHARE, fewest / len(labels)), most / len(labels))
    if share >= 1.0:
        return np.arange(len(labels))
    return stratified_split(labels, [share], seed)[0]


def schema_of(table: Any) -> FeatureSchema:
    """Fit a schema to a table's columns; raises ValueError for one that cannot be used."""
    try:
        return fit_schema(columns_of(table))
    except ColumnError as error:
        raise ValueError(error.in_python) from error
    except TrainingError as error:
        raise ValueError(str(error)) from error


def feature_matrix(schema: FeatureSchema, table: Any) -> npt.NDArray[np.float32]:
    """Return the encoder's input, (n, width); any column may have gaps, NaN in an array."""
    return matrix_with_gaps(schema, columns_of(table)) if is_frame(table) else schema.matrix(table)
