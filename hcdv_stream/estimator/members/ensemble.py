"""An ensemble: the same examples and V in several trees, each of an encoder of its own."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from hcdv_stream.estimator.embedders import Embedded, Embedder
from hcdv_stream.estimator.holding import Holding
from hcdv_stream.estimator.roster import Roster
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.member_values import MemberValues, member_mean
from hcdv_stream.valuation.values import StateValues, ValueAndStderr, Values, residual
from hcdv_stream.valuation.weights import Weights


class Member(NamedTuple):
    """A frozen encoder, and the examples in the tree of its embeddings.

    ``seed`` decides all of its random draws, ``tau`` is the distance at which it founds leaves.
    """

    seed: int
    embedder: Embedder
    holding: Holding
    tau: float

    def described(self) -> dict[str, Any]:
        """Say how it came about, in JSON values."""
        return {
            "seed": self.seed,
            "encoder": dict(self.embedder.metrics),
            "tau": self.tau,
            "tree": self.tree(),
        }

    def tree(self) -> dict[str, int]:
        """Return the sizes of its tree, and how much has come to it since the first call."""
        state = self.holding.corpus.state
        return {
            "leaves": len(state.leaves),
            "nodes": len(state.nodes),
            "records": state.header.records,
            "updates": state.header.updates,
        }


class Ensemble:
    """At least one member; with one alone, everything is as that member has it, to the bit."""

    def __init__(self, members: Sequence[Member], roster: Roster) -> None:
        """``roster`` is the one that all the members' holdings have."""
        self.members = tuple(members)
        self._roster = roster
        self._last: tuple[Weights | None, Values] | None = None

    @property
    def first(self) -> Holding:
        """The first member's examples; labels and providers are everyone's."""
        return self.members[0].holding

    def embed(self, table: Any, start: int) -> list[Embedded]:
        """Embed rows for every member; see ``Embedder``."""
        return [member.embedder.embed(table, start) for member in self.members]

    def apply(self, batch: Batch, embedded: Sequence[Embedded]) -> None:
        """Add or replace examples that are on the roster, as each member embeds them."""
        for member, own in zip(self.members, embedded, strict=True):
            member.holding.apply(replace(batch, embeddings=own.embeddings))
        self._last = None

    def forget(self, ids: Iterable[Any]) -> None:
        """Delete examples; raises KeyError or ValueError, before anything is changed."""
        names = list(dict.fromkeys(self._roster.find(ids)))
        for member in self.members:
            member.holding.delete(names)
        self._roster.leave(names)
        self._last = None

    def values(self, weights: Weights | None) -> Values:
        """Return the mean values of every example, NaN for one in V; see ``Corpus.values``."""
        if len(self.members) == 1:
            return self.first.values(weights)
        if self._last is None or self._last[0] != weights:
            found = MemberValues([member.holding.values(weights) for member in self.members])
            self._last = (weights, found)
        return self._last[1]

    def state_values(self, weights: Weights | None) -> list[StateValues]:
        """Return each member's values of everything in its tree."""
        return [member.holding.corpus.state_values(weights) for member in self.members]

    def total(self, weights: Weights | None) -> float:
        """Return the mean of v(D) − v(∅), which the values sum to."""
        return fmean(found.total() for found in self.state_values(weights))

    def residual(self, weights: Weights | None) -> float:
        """Return how far the values are from that sum: 0 to rounding."""
        if len(self.members) == 1:
            return residual(self.state_values(weights)[0])
        values = self.values(weights).value
        return abs(math.fsum(values[~np.isnan(values)]) - self.total(weights))

    def whole(self, weights: Weights | None) -> ValueAndStderr:
        """Return what all examples are worth together."""
        roots = [
            (found, member.holding.corpus.state)
            for member, found in zip(self.members, self.state_values(weights), strict=True)
        ]
        return member_mean(
            [found.coalition(state.nodes[state.header.root]) for found, state in roots]
        )
