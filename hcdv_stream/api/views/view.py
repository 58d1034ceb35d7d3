"""Everything that one answer is made from: one update of every partition of a state directory."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Lock
from zlib import crc32

from hcdv_stream.api.views.answer_cache import Remembered
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import ScaledValues
from hcdv_stream.state.errors import StateError
from hcdv_stream.state.identity import Identity
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.weights import Weights

_KEPT_VALUATIONS = 6


class StateView:
    """At least one partition, in the order of their numbers; immutable.

    ``left_out`` are those that other workers own now: answers are made without them, unless they
    are asked for by number. Raises StateError if the others were computed with different bundles or
    parameters: their values do not compare.
    """

    def __init__(
        self, partitions: Sequence[PartitionView], left_out: frozenset[int] = frozenset()
    ) -> None:
        every = sorted(partitions, key=lambda partition: partition.number)
        self.partitions = tuple(part for part in every if part.number not in left_out)
        self.identity = replace((self.partitions or every)[0].identity, partition=0)
        self.log = next((part.log for part in self.partitions or every if part.log), None)
        # One that is left out may be of a bundle of the past; then nobody can use it.
        self.copies = tuple(
            part for part in every if part.number not in left_out or self._fits(part)
        )
        self.left_out = tuple(part for part in self.copies if part.number in left_out)
        self.size = sum(partition.size for partition in self.partitions)
        self.game = self.identity.engine.game
        self.remembered = Remembered()
        self._valuations: OrderedDict[object, ScaledValues] = OrderedDict()
        self._lock = Lock()
        for other in self.partitions[1:]:
            if differences := self._differences(other):
                raise StateError(
                    f"partitions {self.partitions[0].number} and {other.number} were computed "
                    f"differently ({'; '.join(differences)}): rebuild the older one's state"
                )
        writes = ".".join(
            f"{'x' * (part.number in left_out)}{part.number}-{part.stored.sequence}"
            for part in self.copies
        )
        logs = b"".join(part.log.dump() for part in self.copies if part.log)
        self.key = f"{crc32(logs, int(fingerprint(self.identity), 16)):08x}.{writes}"

    def valued(
        self,
        weights: Weights | None,
        corpus_size: int | None = None,
        numbers: frozenset[int] | None = None,
    ) -> ScaledValues:
        """Return values under these weights (None: those that the game fixed), kept for later.

        ``corpus_size`` is how many examples the whole corpus has, if this is a part of it;
        ``numbers`` are the partitions to answer for, by default all that are not left out. Raises
        ValueError if the weights fit neither the classes nor the game.
        """
        key = (weights, self.size if corpus_size is None else corpus_size, numbers)
        with self._lock:
            valuation = self._valuations.get(key)
            if valuation is None:
                parts = (
                    [part for part in self.copies if part.number in numbers]
                    if numbers
                    else self.partitions
                )
                valuation = ScaledValues(parts, weights, key[1])
                self._valuations[key] = valuation
                if len(self._valuations) > _KEPT_VALUATIONS:
                    self._valuations.popitem(last=False)
            self._valuations.move_to_end(key)
            return valuation

    @property
    def written_at(self) -> float:
        """When its newest update was written, seconds since the epoch."""
        return max(part.position.written_at for part in self.partitions or self.copies)

    def beside(self, other: "StateView") -> int:
        """Return about how many bytes of leaves and nodes this view has that the other has not."""
        theirs = {part.number: part for part in other.copies}
        return sum(
            part.beside(theirs.get(part.number))
            for part in self.copies
            if theirs.get(part.number) is not part
        )

    def derived_bytes(self, other: "StateView | None") -> int:
        """Return about how many bytes of values and tables it keeps; what ``other`` has too not."""
        with self._lock:
            valuations = list(self._valuations.values())
        tables = sum(part.derived_bytes for part in self._alone(other))
        tables += self.remembered.held_bytes
        return tables + sum(valuation.held_bytes for valuation in valuations)

    def rest(self, other: "StateView | None") -> None:
        """Let go of values and tables: they are computed anew for whoever asks."""
        with self._lock:
            self._valuations.clear()
        self.remembered.clear()
        for part in self._alone(other):
            part.rest()

    def deleted_since(self, before: "StateView") -> bool:
        """Whether an example was deleted in a partition since an earlier view."""
        deleted = {part.number: part.stored.state.header.deletions for part in before.copies}
        return any(
            part.stored.state.header.deletions > deleted.get(part.number, 0) for part in self.copies
        )

    def _alone(self, other: "StateView | None") -> Iterator[PartitionView]:
        shared = {id(part) for part in other.copies} if other else set()
        return (part for part in self.copies if id(part) not in shared)

    def _differences(self, other: PartitionView) -> list[str]:
        found = self.identity.differences(replace(other.identity, partition=0))
        if self.log and other.log and not self.log.same_log(other.log):
            found.append("from different topics of the same name")
        return found

    def _fits(self, other: PartitionView) -> bool:
        return not self._differences(other)


def fingerprint(identity: Identity) -> str:
    """Return eight characters that tell a bundle with its parameters from others."""
    engine = identity.engine
    if engine.game == "routed":  # which weighs on read: these do not matter to it
        usual = EngineConfig()
        engine = replace(engine, permutations=usual.permutations, contrast=usual.contrast)
    return f"{crc32(replace(identity, partition=0, engine=engine).dump()):08x}"
