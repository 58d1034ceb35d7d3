"""Encoder input for rows that have gaps where the training columns had none.

The schema of a stream refuses such a null, because a provider may have sent it by mistake. A table
at hand has no provider to ask: there a gap becomes what the schema makes of one without a column
for gaps. A number becomes the mean; a category becomes one that was never seen.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.features import Categorical
from hcdv_stream.bundle.schema import Columns, FeatureSchema


def matrix_with_gaps(schema: FeatureSchema, columns: Columns) -> npt.NDArray[np.float32]:
    """Turn columns of n values into the encoder's input, (n, width), gaps anywhere allowed.

    Raises FeatureError for anything else that does not fit the schema.
    """
    return schema.matrix(rows_with_gaps(schema, columns))


def rows_with_gaps(schema: FeatureSchema, columns: Columns) -> npt.NDArray[np.float64]:
    """Return n validated rows, (n, F), gaps anywhere allowed.

    Rows without such a gap get the same bits as from ``schema.rows``. Raises FeatureError for
    anything else that does not fit the schema.
    """
    nullable = FeatureSchema(tuple(replace(each, nullable=True) for each in schema.features))
    rows = nullable.rows(columns)
    raw = np.asarray(rows, dtype=np.float64).reshape(len(rows), len(schema.features))
    for place, feature in enumerate(schema.features):
        if isinstance(feature, Categorical) and not feature.nullable:
            raw[np.isnan(raw[:, place]), place] = len(feature.categories)
    return raw
