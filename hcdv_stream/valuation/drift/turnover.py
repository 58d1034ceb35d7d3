"""Who leaves V at an update's end: the oldest of a class with too many, and who is too old.

The bundle's rows are as old as the stream and leave first, in their order; then trusted sessions by
event time, ties by id. Of a class that is rare in the bundle an even share of V may stay: it need
not be rare in what comes. Nothing leaves before a trusted session has joined: without successors an
old V is better than none.
"""

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.tree.evaluators import Evaluators


def retiring(
    evaluators: Evaluators,
    config: EngineConfig,
    bundled: npt.NDArray[np.int64],
    begun: float,
    event_time: float,
) -> list[int]:
    """Return the rows that leave V.

    ``bundled`` (C,) are the class counts of the bundle's V, ``begun`` is the event time that its
    rows count as.
    """
    found: list[int] = []
    if not evaluators.joined:
        return found
    oldest = event_time - config.validation_horizon if config.validation_horizon else -np.inf
    someone_is_old = min(begun, evaluators.earliest) < oldest
    even = -(-int(bundled.sum()) // len(bundled))
    for label, count in enumerate(evaluators.counts(len(bundled)).tolist()):
        spare = max(count - config.validation_least, 0)
        most = config.validation_most or max(int(bundled[label]), even, config.validation_least)
        if count <= most and not (someone_is_old and spare):
            continue
        rows = [(begun, row) for row in evaluators.bundled_of(label).tolist()]
        rows += evaluators.by_age(label)
        old = [row for time, row in rows if time < oldest][:spare]
        taken = set(old)
        rest = [row for _, row in rows if row not in taken]
        found += old + rest[: max(count - len(old) - most, 0)]
    return found
