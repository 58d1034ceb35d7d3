"""How full the leaves are: counted leaf by leaf as they change, never over the whole tree."""

from collections import Counter
from collections.abc import Iterable, Mapping

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.tree.leaf import Leaf

FILLS = ("empty", "small", "half", "full", "over")
"""No example; under HCDV_MERGE_BELOW; up to half of HCDV_LEAF_SIZE; up to all of it; more (until
the update ends)."""


class LeafFill:
    """Counts leaves by their fill."""

    def __init__(self, config: EngineConfig, leaves: Mapping[int, Leaf]) -> None:
        self._small, self._most = config.merge_below, config.leaf_size
        self._fill_of: dict[int, str] = {}
        self.leaves: Counter[str] = Counter()
        self.change(leaves, ())

    def change(self, leaves: Mapping[int, Leaf], removed: Iterable[int]) -> None:
        """Take over what an update changed."""
        for number in (*removed, *leaves):
            if (before := self._fill_of.pop(number, None)) is not None:
                self.leaves[before] -= 1
        for number, leaf in leaves.items():
            fill = self._fill_of[number] = self._fill(len(leaf.examples))
            self.leaves[fill] += 1

    def _fill(self, examples: int) -> str:
        if not examples:
            return "empty"
        if examples < self._small:
            return "small"
        if examples <= self._most // 2:
            return "half"
        return "full" if examples <= self._most else "over"
