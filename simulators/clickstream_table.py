"""The generated click-stream as a table: one row per session, as a file or a topic holds it."""

import numpy as np
import pyarrow as pa

from simulators.clickstream import CLASSES, ID, LABEL, PROVIDER, TIME, Sessions
from simulators.messages import Roles

ROLES = Roles(label=LABEL, id=ID, time=TIME, provider=PROVIDER)
"""What the columns besides the features are."""


def clickstream_table(sessions: Sessions) -> pa.Table:
    """Return n rows: ``session``, ``time`` (UTC), ``provider``, the features, ``purchase``."""
    milliseconds = np.round(sessions.timestamps * 1000).astype(np.int64)
    columns: dict[str, object] = {
        ID: list(sessions.ids),
        TIME: pa.array(milliseconds, pa.timestamp("ms", tz="UTC")),
        PROVIDER: list(sessions.providers),
    }
    columns |= {
        name: pa.array(column.tolist() if column.dtype == object else column)
        for name, column in sessions.columns.items()
    }
    columns[LABEL] = [CLASSES[label] for label in sessions.labels]
    return pa.table(columns)


def flips_table(sessions: Sessions) -> pa.Table:
    """Return whose label is wrong: the columns ``id``, ``true_label`` and ``sent_label``."""
    rows = np.flatnonzero(sessions.flipped)
    return pa.table(
        {
            "id": [sessions.ids[row] for row in rows],
            "true_label": [CLASSES[1 - sessions.labels[row]] for row in rows],
            "sent_label": [CLASSES[sessions.labels[row]] for row in rows],
        }
    )
