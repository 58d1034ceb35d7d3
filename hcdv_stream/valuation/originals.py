"""Which examples are alike, and which of them came first: the original; the others are copies.

Alike are examples with the same fingerprint, so the same features and label. The order is the
log's, since anybody can forge a timestamp. When an original goes, or becomes another example, the
next in that order is the original. A payout counts originals alone: see ``payout_weights``.

One look-up by fingerprint holds the id of an example that nobody is alike to, or the ids of all
that are alike, in order. It follows from the leaves, whose records hold each example's
fingerprint, place in the log and mark: nothing else has to be stored.
"""

from collections import OrderedDict
from collections.abc import Iterable

from hcdv_stream.valuation.tree.leaf import Leaf

_Alike = OrderedDict[str, None]
"""At least two ids in the order of the log; taking one out, the first too, costs the same."""


class Originals:
    """The look-up; ``changed`` says of ids whether they are copies, since the last ``settle``."""

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        self._held: dict[int, str | _Alike] = {}
        self._changed: dict[str, bool] = {}
        columns = [leaf.examples for leaf in leaves]
        shared: dict[int, list[tuple[int, str]]] = {}
        for examples in columns:
            names = zip(examples.fingerprints[:, 0].tolist(), examples.ids, strict=True)
            for fingerprint, name in names:
                if fingerprint and self._held.setdefault(fingerprint, name) is not name:
                    shared[fingerprint] = []
        if shared:
            for examples in columns:
                prints, places = examples.fingerprints[:, 0].tolist(), examples.arrivals.tolist()
                for fingerprint, place, name in zip(prints, places, examples.ids, strict=True):
                    if fingerprint in shared:
                        shared[fingerprint].append((place, name))
        for fingerprint, members in shared.items():
            self._held[fingerprint] = OrderedDict.fromkeys(name for _, name in sorted(members))

    def __contains__(self, fingerprint: int) -> bool:
        return fingerprint in self._held

    def is_copy(self, fingerprint: int, name: str) -> bool:
        """Whether an example that is there is a copy."""
        held = self._held.get(fingerprint)
        return isinstance(held, OrderedDict) and next(iter(held)) != name

    def is_alone(self, fingerprint: int) -> bool:
        """Whether no two examples have this fingerprint."""
        return not isinstance(self._held.get(fingerprint), OrderedDict)

    def come(self, fingerprint: int, name: str) -> None:
        """Put an example behind all that are alike; 0 is no fingerprint."""
        if not fingerprint:
            return
        held = self._held.get(fingerprint)
        if held is None:
            self._held[fingerprint] = name
            return
        if isinstance(held, str):
            held = self._held[fingerprint] = OrderedDict.fromkeys((held,))
        held[name] = None
        self._changed[name] = True

    def leave(self, fingerprint: int, name: str) -> None:
        """Take an example out; the next one becomes the original if it was that."""
        self._changed.pop(name, None)
        held = self._held.get(fingerprint)
        if isinstance(held, OrderedDict):
            first = next(iter(held)) == name
            del held[name]
            heir = next(iter(held))
            if first:
                self._changed[heir] = False
            if len(held) == 1:
                self._held[fingerprint] = heir
        elif held is not None:
            del self._held[fingerprint]

    def settle(self) -> dict[str, bool]:
        """Return what changed since the last time."""
        changed, self._changed = self._changed, {}
        return changed
