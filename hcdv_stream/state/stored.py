"""What a partition's state holds besides the engine: where the log was, and what changed when."""

from dataclasses import dataclass

from hcdv_stream.valuation.state import EngineState


@dataclass(frozen=True, slots=True)
class Position:
    """How far into its Kafka partition a state has come.

    ``next_offset`` is the first offset without effect yet; ``high_watermark`` that plus the
    offsets that were waiting at the write. Seconds since the epoch: ``event_time`` is the latest of
    an event that does not lie after its record, ``append_time`` that of the last record,
    ``written_at`` is when the update was handed to the store.
    """

    next_offset: int
    high_watermark: int
    event_time: float
    append_time: float
    written_at: float

    @property
    def lag(self) -> int:
        """Records that were waiting behind this position when it was written."""
        return max(self.high_watermark - self.next_offset, 0)

    @property
    def latency(self) -> float:
        """Seconds from the broker's append of the newest record in it to its write."""
        return max(self.written_at - self.append_time, 0.0)


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the update log: which write it was and what it replaced or removed.

    ``sequence`` counts writes from 1, ``updates`` and ``records`` are the engine's counters after
    it. ``leaves`` and ``nodes`` are the ids written, ``centroids`` those of leaves that moved and
    changed in nothing else, ``providers`` those whose counts changed; the other two are the ids
    removed.
    """

    sequence: int
    updates: int
    records: int
    position: Position
    leaves: tuple[int, ...]
    nodes: tuple[int, ...]
    removed_leaves: tuple[int, ...]
    removed_nodes: tuple[int, ...]
    centroids: tuple[int, ...] = ()
    providers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredPartition:
    """One update as a whole: the engine's state, the position it is as of, the write's number."""

    state: EngineState
    position: Position
    sequence: int
