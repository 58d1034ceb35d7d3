"""A shard in this process: some partitions of the corpus in one view."""

from hcdv_stream.api.executors import run_on
from hcdv_stream.api.queries.query import Parameters, ShardAnswer, ShardContext, ShardQuery
from hcdv_stream.api.views.kept_views import KeptViews
from hcdv_stream.api.views.view import StateView
from hcdv_stream.valuation.weights import Weights


class LocalShard:
    """Partitions of a view in this process.

    ``corpus_size`` is how many examples the whole corpus has. Raises ValueError if the weights fit
    neither the classes nor the game.
    """

    def __init__(
        self,
        view: StateView,
        kept: KeptViews,
        weights: Weights | None,
        corpus_size: int,
        numbers: frozenset[int],
    ) -> None:
        self.numbers = numbers
        values = view.valued(weights, corpus_size, numbers)
        self._context = ShardContext(values, kept, numbers, view.game)

    async def ask(
        self, query: ShardQuery[Parameters, ShardAnswer], parameters: Parameters
    ) -> ShardAnswer:
        """Compute an answer where the query wants it computed."""
        context = self._context
        return await run_on(query.executor(context, parameters), query.answer, context, parameters)
