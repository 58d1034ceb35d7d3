"""The generated click-stream as labelled examples and as a table."""

import numpy as np
import pyarrow as pa

from hcdv_stream.offline.examples import Examples
from hcdv_stream.simulators.clickstream import CLASSES, ID, LABEL, PROVIDER, TIME, Sessions
from hcdv_stream.simulators.replay import ExampleStream


def clickstream_examples(sessions: Sessions) -> Examples:
    """Return the sessions as examples, in the same order."""
    return Examples(
        ids=list(sessions.ids),
        labels=[CLASSES[label] for label in sessions.labels.tolist()],
        providers=list(sessions.providers),
        timestamps=sessions.timestamps,
        columns={name: column.tolist() for name, column in sessions.columns.items()},
    )


def clickstream_replay(sessions: Sessions) -> ExampleStream:
    """Return the sessions as a replay that knows whose label is wrong."""
    true_labels = np.where(sessions.flipped, 1 - sessions.labels, sessions.labels).tolist()
    return ExampleStream(
        clickstream_examples(sessions), sessions.flipped, [CLASSES[label] for label in true_labels]
    )


def clickstream_table(sessions: Sessions) -> pa.Table:
    """Return n rows: ``session``, ``time`` (UTC), ``provider``, the features, ``purchase``."""
    examples = clickstream_examples(sessions)
    milliseconds = np.round(sessions.timestamps * 1000).astype(np.int64)
    return pa.table(
        {
            ID: examples.ids,
            TIME: pa.array(milliseconds, pa.timestamp("ms", tz="UTC")),
            PROVIDER: pa.array(examples.providers, pa.string()),
            **examples.columns,
            LABEL: examples.labels,
        }
    )
