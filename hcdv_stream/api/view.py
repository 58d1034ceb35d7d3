"""Everything that one answer is made from: one update of every partition, merged."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

from hcdv_stream.api.models import AsOf
from hcdv_stream.api.partition_view import Found, PartitionView
from hcdv_stream.api.valuation import Valuation
from hcdv_stream.state.errors import StateError
from hcdv_stream.valuation.config import GameName
from hcdv_stream.valuation.weights import Weights

_KEPT_VALUATIONS = 8


class View:
    """At least one partition, in the order of their numbers; immutable.

    Raises StateError where partitions were computed with different bundles or parameters: their
    values do not compare.
    """

    def __init__(self, partitions: Sequence[PartitionView]) -> None:
        self.partitions = tuple(sorted(partitions, key=lambda partition: partition.number))
        self.size = sum(partition.size for partition in self.partitions)
        self._valuations: OrderedDict[Weights | None, Valuation] = OrderedDict()
        self._lock = Lock()
        first = self.partitions[0].identity
        for other in self.partitions[1:]:
            same_place = replace(other.identity, partition=first.partition)
            if differences := first.differences(same_place):
                raise StateError(
                    f"partitions {first.partition} and {other.number} were computed differently "
                    f"({'; '.join(differences)}): rebuild the older one's state"
                )

    @property
    def game(self) -> GameName:
        """The game that was played."""
        return self.partitions[0].identity.engine.game

    @property
    def bundle(self) -> str:
        """Checksum of the bundle."""
        return self.partitions[0].identity.bundle

    @property
    def classes(self) -> tuple[str, ...]:
        """Class labels, in the order of class indices."""
        return self.partitions[0].identity.classes

    def partition(self, number: int) -> PartitionView | None:
        """Return that partition, None where it is not here."""
        return next((one for one in self.partitions if one.number == number), None)

    def find(self, name: str) -> tuple[PartitionView, Found] | None:
        """Return a point's partition and place, None where there is none of that id."""
        for partition in self.partitions:
            if found := partition.find(name):
                return partition, found
        return None

    def valued(self, weights: Weights | None) -> Valuation:
        """Return all values under these weights (None: those that the game fixed), kept for later.

        Raises ValueError where the weights fit neither the classes nor the game.
        """
        with self._lock:
            valuation = self._valuations.get(weights)
            if valuation is None:
                valuation = Valuation(self.partitions, weights)
                self._valuations[weights] = valuation
                if len(self._valuations) > _KEPT_VALUATIONS:
                    self._valuations.popitem(last=False)
            self._valuations.move_to_end(weights)
            return valuation

    @property
    def as_of(self) -> AsOf:
        """What every answer made from this view is as of."""
        parts = self.partitions
        updates = {str(part.number): part.stored.state.header.updates for part in parts}
        return AsOf(
            update=sum(updates.values()),
            updates=updates,
            offsets={str(part.number): part.position.next_offset for part in parts},
            event_time=max(part.position.event_time for part in parts),
            lag=sum(part.position.lag for part in parts),
        )

    @property
    def written_at(self) -> float:
        """When its newest update was written, seconds since the epoch."""
        return max(part.position.written_at for part in self.partitions)
