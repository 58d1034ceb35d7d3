"""What a method may look at while it values: the examples, V, and the games on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.methods.blocks import Rows, among
from hcdv_stream.valuation.methods.levels import Counted, Levels, build_levels
from hcdv_stream.valuation.methods.utility import Membership, Utility
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.validation import Validation

GROUPS = ("label", "cluster", "provider")
Groups = npt.NDArray[np.int64]


@dataclass(slots=True)
class MethodContext:
    """n embedded examples in ``batch``, and V; counts the coalitions that a utility is asked for.

    ``centroids`` returns the leaves (L, d) that ``cluster`` and the learner ``routed-knn`` sort
    examples into, and ``features`` the encoder's input (n, width); both are called only if a method
    needs them. ``progress`` gets the count of coalitions so far. ``levels`` is the hierarchy, once
    a method has cut one.
    """

    batch: Batch
    validation: Validation
    classes: Sequence[str]
    seed: int
    centroids: Callable[[], Embeddings]
    features: Callable[[], Floats]
    progress: Callable[[int], None] = lambda _: None
    evaluations: int = 0
    levels: Levels | None = None

    @property
    def players(self) -> int:
        """How many examples are valued, n."""
        return len(self.batch)

    def counted(self, utility: Utility) -> "CountedUtility":
        """Return a utility that counts here what it is asked for."""
        return CountedUtility(utility, self)

    def cut(self, counts: Sequence[int], counted: Counted) -> Levels:
        """Cut the hierarchy, by K_1, …, K_L; see ``build_levels``."""
        self.levels = build_levels(self.batch.embeddings, counts, counted)
        return self.levels

    def groups(self, by: str) -> Groups:
        """Return the group of every example, (n,), by one of GROUPS.

        An example without a provider is a group of its own. Raises ValueError for another ``by``.
        """
        batch = self.batch
        if by == "label":
            keys: Any = batch.labels
        elif by == "cluster":
            leaves = Centroids(dict(enumerate(self.centroids())))
            keys = leaves.nearest(batch.embeddings)[0]
        elif by == "provider":
            names = zip(batch.providers, batch.ids, strict=True)
            keys = np.array([repr((who is None, who or own)) for who, own in names])
        else:
            raise ValueError(f"groups must be one of {', '.join(GROUPS)}, got {by!r}")
        return np.unique(keys, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True)
class CountedUtility:
    """A game that counts for its context the coalitions that it is asked for."""

    utility: Utility
    context: MethodContext

    @property
    def players(self) -> int:
        return self.utility.players

    def __call__(self, membership: Membership) -> Floats:
        worth = self.utility(membership)
        self.context.evaluations += len(membership)
        self.context.progress(self.context.evaluations)
        return worth

    def among(self, blocks: Sequence[Rows], context: Rows) -> "CountedUtility":
        """Count among blocks too: see ``valuation.methods.blocks``."""
        return CountedUtility(among(self.utility, blocks, context), self.context)
