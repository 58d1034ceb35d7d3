"""Which examples are young enough to be peers, and which have just become too old.

The cut moves at an update's end alone. Each example passes a heap once, by its event time, so that
an update costs what ages in it. One that arrives older than the cut is never a peer.
"""

from heapq import heapify, heappop, heappush

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.state import EngineState


class YoungPeers:
    """The peers by age; ``horizon`` in seconds of event time, 0 for no end."""

    def __init__(self, horizon: float, state: EngineState) -> None:
        self._horizon = horizon
        self.since = state.drift.peers_since
        """From which event time on an example is a peer; None: every one is."""
        self._heap: list[tuple[float, str]] = []
        if horizon:
            for leaf in state.leaves.values():
                times = leaf.examples.timestamps.tolist()
                pairs = zip(times, leaf.examples.ids, strict=True)
                self._heap += [pair for pair in pairs if not self._is_old(pair[0])]
            heapify(self._heap)

    def add(self, batch: Batch, rows: npt.NDArray[np.intp]) -> None:
        """Take in the rows of a batch that are examples."""
        if not self._horizon:
            return
        for row in rows.tolist():
            time = float(batch.timestamps[row])
            if not self._is_old(time):
                heappush(self._heap, (time, batch.ids[row]))

    def advance(self, event_time: float) -> list[str]:
        """Move the cut to an event time; return the ids that were peers until now.

        Among them may be ids that are gone or were replaced since. The cut never goes back.
        """
        aged: list[str] = []
        if not self._horizon:
            return aged
        cut = event_time - self._horizon
        self.since = cut if self.since is None else max(self.since, cut)
        while self._heap and self._is_old(self._heap[0][0]):
            aged.append(heappop(self._heap)[1])
        return aged

    def _is_old(self, time: float) -> bool:
        return self.since is not None and time < self.since
