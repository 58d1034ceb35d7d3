"""A shard: some partitions of the corpus in one view, asked for the same wherever they are."""

from functools import partial
from typing import Protocol

from anyio.to_thread import run_sync

from hcdv_stream.api.executors import run_question
from hcdv_stream.api.models.shards import FIND, HISTORY, SIZES, UPDATES, Asked, Operation, Told
from hcdv_stream.api.queries.handlers import ANSWERS
from hcdv_stream.api.queries.history import point_history, sizes
from hcdv_stream.api.queries.live_page import updates
from hcdv_stream.api.views.kept_views import KeptViews
from hcdv_stream.api.views.view import StateView
from hcdv_stream.valuation.weights import Weights


class Shard(Protocol):
    """Some partitions that no other shard answers for."""

    numbers: frozenset[int]

    async def ask(self, operation: Operation[Asked, Told], asked: Asked) -> Told:
        """Put a question."""


class LocalShard:
    """Partitions of a view in this process.

    ``whole`` is how many points the whole corpus has. Raises ValueError where the weights fit
    neither the classes nor the game.
    """

    def __init__(
        self,
        view: StateView,
        kept: KeptViews,
        weights: Weights | None,
        whole: int,
        numbers: frozenset[int],
    ) -> None:
        self.numbers = numbers
        self._view = view
        self._kept = kept
        self._weights = weights
        self._valuation = view.valued(weights, whole, numbers)

    async def ask(self, operation: Operation[Asked, Told], asked: Asked) -> Told:
        """Compute an answer; all but a few points by id in a thread: see ``lanes``."""
        answer = partial(self.answer, operation)
        if self._view.game != "routed" and operation.name == FIND.name:
            return await run_sync(partial(answer, asked), abandon_on_cancel=True)
        return await run_question(operation.name, answer, asked)

    def answer(self, operation: Operation[Asked, Told], asked: Asked) -> Told:
        """Compute an answer here and now."""
        told: object
        if operation.name == HISTORY.name:
            told = point_history(self._kept, self.numbers, self._weights, asked)  # type: ignore[arg-type]
        elif operation.name == SIZES.name:
            told = sizes(self._kept, self.numbers)
        elif operation.name == UPDATES.name:
            told = updates(self._kept, self.numbers)
        else:
            told = ANSWERS[operation.name](self._valuation, asked)
        return told  # type: ignore[return-value]
