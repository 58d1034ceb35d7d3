"""The whole corpus: answers of its shards, merged into the bits that one alone would give."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from functools import cached_property

import pyarrow as pa

from hcdv_stream.api.models.answers import Example, HistoryEntry
from hcdv_stream.api.queries.find import find_examples
from hcdv_stream.api.queries.history import example_history
from hcdv_stream.api.queries.places_ahead import rank_examples
from hcdv_stream.api.queries.providers import ProviderTable, provider_table
from hcdv_stream.api.queries.query import (
    CorpusQuery,
    Merged,
    Parameters,
    Shard,
    ShardAnswer,
    ask_corpus,
)
from hcdv_stream.api.queries.rows import stream_rows
from hcdv_stream.api.sources.source import Snapshot
from hcdv_stream.valuation.weights import Weights


class MergedCorpus:
    """A snapshot under one choice of weights.

    Raises ValueError if the weights fit neither the classes nor the game.
    """

    def __init__(self, snapshot: Snapshot, weights: Weights | None) -> None:
        snapshot.check(weights)
        self.snapshot = snapshot
        self.weights = weights

    @cached_property
    def _shards(self) -> Sequence[Shard]:
        return self.snapshot.open(self.weights, self.snapshot.size)

    async def ask(
        self, query: CorpusQuery[Parameters, ShardAnswer, Merged], parameters: Parameters
    ) -> Merged:
        """Return the answer of all shards to a query."""
        return await ask_corpus(self._shards, query, parameters)

    async def find(self, ids: Iterable[str]) -> dict[str, Example]:
        """Return those of the examples that are there."""
        return await find_examples(self._shards, self.snapshot.home, ids)

    async def rank(self, examples: Sequence[Example]) -> list[Example]:
        """Return the examples with their ranks."""
        return await rank_examples(self._shards, examples)

    async def providers(self, *, squares: bool = False) -> ProviderTable:
        """Return what each provider's examples are worth; computed once for a view and weights.

        With ``squares``, Σφ² of each too. Under the weights of payouts, a copy of an example in
        another partition is worth nothing.
        """
        once = self.weights is not None and self.weights.payout
        return await self.snapshot.remembered.get(
            ("providers", self.weights, squares),
            lambda: provider_table(self._shards, squares=squares, once=once),
        )

    def rows(self, *, every_column: bool) -> AsyncGenerator[pa.RecordBatch]:
        """Yield all examples by partition, leaf and id, some thousand at a time."""
        return stream_rows(self._shards, every_column=every_column)

    async def history(self, id: str) -> tuple[list[HistoryEntry], float | None]:
        """Return what an example was worth in the corpus of each time, and how far that goes."""
        return await example_history(self._shards, id)
