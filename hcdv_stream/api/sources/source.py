"""Where answers come from: the newest state of all partitions, or one that was kept.

The API of a state directory and the gateway over many of them are the same routes over two sources.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, Protocol

import numpy as np

from hcdv_stream.api.models.answers import AsOf, CorpusState, LeftOutPartition, ReadinessCheck
from hcdv_stream.api.models.shards import PartitionState
from hcdv_stream.api.problems import ProblemError
from hcdv_stream.api.queries.query import Shard
from hcdv_stream.api.views.answer_cache import Remembered
from hcdv_stream.api.views.freshness import Currency
from hcdv_stream.valuation.weights import Weights


class ShardLost(ProblemError):  # noqa: N818 (it names what happened, not a fault)
    """A shard has not the state any more, or cannot be asked: begin again."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            HTTPStatus.SERVICE_UNAVAILABLE, "shard-lost", "A part of the state was lost", detail
        )


@dataclass(frozen=True)
class Snapshot:
    """One state of the corpus: its partitions by number, and how to ask for more.

    ``missing`` are partitions of the topic that it is without; ``home`` says which partition
    an id belongs to if that is known beforehand; ``open`` gives the shards, that is, all
    partitions once, with the values that they have in the whole. ``currency`` tells how current it
    is at the moment, and ``left_out`` which states here are in no answer. What was computed of it
    is ``remembered``.
    """

    key: str
    game: str
    bundle: str
    classes: tuple[str, ...]
    validation: tuple[int, ...]
    partitions: tuple[PartitionState, ...]
    missing: tuple[int, ...]
    open: Callable[[Weights | None, int], Sequence[Shard]]
    home: Callable[[str], int | None]
    currency: Callable[[], Currency]
    left_out: Callable[[], list[LeftOutPartition]]
    remembered: Remembered = field(default_factory=Remembered)

    @property
    def size(self) -> int:
        """How many examples there are."""
        return sum(partition.examples for partition in self.partitions)

    def as_of(self, currency: Currency) -> AsOf:
        """Return what an answer made from it is as of, and how current that is."""
        return AsOf.model_construct(
            **self._reached,
            lag=currency.lag,
            age_seconds=currency.age,
            checked_at=currency.checked_at,
            view=self.key,
        )

    @cached_property
    def _reached(self) -> dict[str, Any]:
        parts = self.partitions
        return {
            "update": sum(part.updates for part in parts),
            "updates": {str(part.number): part.updates for part in parts},
            "offsets": {str(part.number): part.next_offset for part in parts},
            "event_time": max(part.event_time for part in parts),
            "corpus": CorpusState(
                complete=not self.truncated,
                begins_at={str(part.number): part.begins_at for part in parts},
            ),
        }

    @property
    def truncated(self) -> list[PartitionState]:
        """The partitions that are not known to begin where their log began."""
        return [part for part in self.partitions if not part.complete]

    def check(self, weights: Weights | None) -> None:
        """Raise ValueError if the weights fit neither the classes nor the game."""
        if weights is None:
            return
        if self.game != "routed" and weights.payout:
            raise ValueError(
                f"payouts need the game routed, got {self.game}: its values are fixed when it is "
                "played"
            )
        if self.game != "routed":
            raise ValueError(f"utility, beta and lambda were fixed when {self.game} was played")
        weights.per_class(self.classes, np.array(self.validation, np.int64))
        if weights.payout and not any(self.validation):
            raise ValueError("payouts need V, which has no examples: train the bundle with V")


class AnswerSource(Protocol):
    """Gives snapshots; raises problems (``problems``) for those that it cannot give."""

    async def current(self, *, keep: bool) -> Snapshot:
        """Return the newest; ``keep`` it for whoever asks for it again."""

    async def pinned(self, key: str) -> Snapshot:
        """Return one that was kept."""

    async def moved(self, key: str) -> None:
        """Wait until the newest is another one than this."""

    def forget(self) -> None:
        """Something of the last snapshot was lost: do not give it again."""

    def ailment(self) -> str | None:
        """Say why the process should be restarted, None if it is alive."""

    async def readiness(self) -> list[ReadinessCheck]:
        """Return what readiness rests on, at least one check."""
