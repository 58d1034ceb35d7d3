"""Who sends what: for each provider its arrivals, copies, and ids that belong to somebody else.

Counted record by record in the order of the log, so that a replay counts the same. A session is a
*copy* if the corpus holds another example with the same features and label; its *id is foreign* if
the example of that id came from another provider.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.batch import DELETION, Batch
from hcdv_stream.valuation.originals import Originals
from hcdv_stream.valuation.tree.leaf import Leaf
from hcdv_stream.valuation.tree.leaf_edits import Placing

Fingerprints = npt.NDArray[np.uint64]

Known = tuple[str | None, int, int]
"""An example's provider, the first half of its fingerprint, and its place in the log."""


@dataclass(frozen=True, slots=True)
class ProviderCounts:
    """Totals of a provider since the beginning; ``id`` follows from its name (``number_of``).

    ``arrivals`` counts sessions, ``copies`` those that equal another example in features and label,
    ``foreign`` those whose id belonged to another provider, among them those that were refused.
    """

    id: int
    name: str | None
    arrivals: int = 0
    copies: int = 0
    foreign: int = 0


def number_of(name: str | None) -> int:
    """Return a provider's number, 0 for none: 63 bits that no order of arrival decides."""
    if name is None:
        return 0
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return max(int.from_bytes(digest, "big") >> 1, 1)


class Arrivals:
    """Counts what is routed; ``changed`` are the ids of the counts since the last ``settle``."""

    def __init__(self, counts: Mapping[int, ProviderCounts], leaves: Mapping[int, Leaf]) -> None:
        self.counts = dict(counts)
        self.changed: set[int] = set()
        self._numbers = {one.name: one.id for one in self.counts.values()}
        self.originals = Originals(leaves.values())

    def take(self, batch: Batch, known: Callable[[str], Known | None], first: int) -> Placing:
        """Count records in their order, the first of them by that number.

        ``known`` tells who was there before them. An example that its provider sends again as it
        was keeps its place in the log. Deletions and trusted sessions are no arrivals.
        """
        now: dict[str, Known | None] = {}
        originals = self.originals
        places = np.arange(first, first + len(batch), dtype=np.int64)
        prints = batch.fingerprints[:, 0].tolist()
        uncounted = batch.labels == DELETION
        if batch.trusted is not None:
            uncounted = uncounted | batch.trusted
        for row, name in enumerate(batch.ids):
            before = now[name] if name in now else known(name)
            provider, fingerprint = batch.providers[row], prints[row]
            apart = bool(uncounted[row])
            if before is not None and before[:2] == (provider, fingerprint) and not apart:
                places[row] = before[2]
                self._count(provider, copy=not originals.is_alone(fingerprint), foreign=False)
                now[name] = before
                continue
            if before is not None:
                originals.leave(before[1], name)
            if apart:
                now[name] = None
                continue
            self._count(
                provider,
                copy=fingerprint in originals,
                foreign=before is not None and before[0] != provider,
            )
            originals.come(fingerprint, name)
            now[name] = (provider, fingerprint, first + row)
        copies = [
            originals.is_copy(fingerprint, name)
            for fingerprint, name in zip(prints, batch.ids, strict=True)
        ]
        return Placing(places, np.array(copies, np.bool_))

    def refuse(self, provider: str | None) -> None:
        """Count a session that was refused because its id is foreign."""
        self._count(provider, copy=False, foreign=True)

    def settle(self) -> dict[int, ProviderCounts]:
        """Return what changed since the last time."""
        found = {number: self.counts[number] for number in sorted(self.changed)}
        self.changed.clear()
        return found

    def _count(self, provider: str | None, *, copy: bool, foreign: bool) -> None:
        number = self._numbers.get(provider)
        if number is None:
            number = self._numbers[provider] = number_of(provider)
        one = self.counts.get(number) or ProviderCounts(number, provider)
        self.counts[number] = ProviderCounts(
            number, one.name, one.arrivals + 1, one.copies + copy, one.foreign + foreign
        )
        self.changed.add(number)
