"""V as it moves: trusted sessions join it record by record, others leave it at an update's end.

Every record is compared with V as it is at that record, so no cut into batches matters.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.batch import DELETION, Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.drift.divergence import Divergence
from hcdv_stream.valuation.drift.drift import Drift
from hcdv_stream.valuation.drift.turnover import retiring
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.tree.evaluators import Evaluators, TrustedSession
from hcdv_stream.valuation.validation import Validation


class TrustedEvaluators:
    """The trusted evaluators of one partition, and how they agree with what arrives."""

    def __init__(
        self,
        config: EngineConfig,
        classes: int,
        validation: Validation,
        centroids: Centroids,
        state: EngineState,
    ) -> None:
        """Continue from a state."""
        self._config = config
        self._bundled = validation.counts(classes)
        self._drift = state.drift
        self.event_time = state.drift.event_time
        self.displaced = state.drift.displaced
        self.dismissed = state.drift.dismissed
        self._divergence = Divergence(classes, config.neighbours, state.drift)
        self.evaluators = Evaluators(
            validation, centroids, state.drift.departed, state.leaves.values()
        )

    def __contains__(self, name: object) -> bool:
        return name in self.evaluators.joined

    @property
    def drift(self) -> Drift:
        """How V has moved and agrees, as of the last record taken."""
        return replace(
            self._drift,
            event_time=self.event_time,
            displaced=self.displaced,
            dismissed=self.dismissed,
            whole=self._divergence.whole,
            classes=self._divergence.classes,
            providers=self._divergence.providers,
        )

    @property
    def newest(self) -> float | None:
        """Event time of the newest evaluator; None before the first record, or if V is empty."""
        begun, latest = self._drift.begun, self.evaluators.latest
        if begun is not None and self.evaluators.has_bundled:
            latest = max(latest, begun)
        return None if latest == -np.inf else latest

    def take(self, batch: Batch, first: int) -> None:
        """Take records in their order; ``first`` numbers the first of them.

        Raises ValueError for trusted sessions in a game that looks at all of V at once.
        """
        if not len(batch):
            return
        times = self._times(batch)
        if self._drift.begun is None:
            self._drift = replace(self._drift, begun=float(times[0]))
        self.event_time = float(times[-1])
        trusted = batch.trusted.tolist() if batch.trusted is not None else [False] * len(batch)
        if any(trusted) and self._config.game != "routed":
            raise ValueError(f"trusted sessions cannot join V in the game {self._config.game}")
        start = 0
        for row, name in enumerate(batch.ids):
            if not trusted[row] and name not in self.evaluators.joined:
                continue
            self._compare(batch, times, (start, row), first)
            start = row
            if trusted[row]:
                self._join(batch, row)
                start = row + 1
            else:
                self.evaluators.leave_named(name)
        self._compare(batch, times, (start, len(batch)), first)

    def retire(self) -> None:
        """Let those leave who are too many or too old."""
        drift, begun = self._drift, self._drift.begun
        if begun is None:
            return
        if self.event_time > 0.0:
            self.evaluators.take_back(self.event_time)
        rows = retiring(self.evaluators, self._config, self._bundled, begun, self.event_time)
        if not rows:
            return
        departed = np.zeros(len(self._bundled), np.int64)
        departed[: len(drift.departed)] = drift.departed
        for row in rows:
            if row < self.evaluators.bundled:
                departed[self.evaluators.labels[row]] += 1
        self.evaluators.leave(rows)
        self._drift = replace(
            drift,
            retired=drift.retired + len(rows),
            departed=tuple(departed.tolist()) if departed.any() else (),
        )

    def _join(self, batch: Batch, row: int) -> None:
        label = int(batch.labels[row])
        self.evaluators.join(
            TrustedSession(
                batch.ids[row],
                label,
                batch.providers[row],
                float(batch.timestamps[row]),
                batch.embeddings[row],
                batch.fingerprints[row],
            )
        )
        self._drift = replace(self._drift, joined=self._drift.joined + 1)
        self._divergence.turn_over(label, int((self.evaluators.labels == label).sum()))

    def _compare(
        self, batch: Batch, times: npt.NDArray[np.float64], rows: tuple[int, int], first: int
    ) -> None:
        start, stop = rows
        if start == stop:
            return
        part = batch.slice(start, stop)
        self._divergence.compare(
            (part.ids, part.labels, part.embeddings),
            part.providers,
            times[start:stop],
            first + start,
            (self.evaluators.embeddings, self.evaluators.labels),
        )

    def _times(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return the stream's event time after each record."""
        if batch.event_times is not None:
            return batch.event_times
        stamped = np.where(batch.labels == DELETION, -np.inf, batch.timestamps)
        times: npt.NDArray[np.float64] = np.maximum.accumulate(np.maximum(stamped, self.event_time))
        return times
