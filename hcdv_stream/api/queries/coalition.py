"""One coalition by its id, with its children and the way down to it."""

from collections.abc import Sequence

from hcdv_stream.api.models.answers import Model, ValuedCoalition
from hcdv_stream.api.queries.query import CorpusQuery, ShardContext, short
from hcdv_stream.api.views.descriptions import coalition_of
from hcdv_stream.valuation.tree.coalition_ids import leaf_id, node_id
from hcdv_stream.valuation.tree.leaf import Node


class CoalitionParameters(Model):
    """The id."""

    id: str


class CoalitionDetail(ValuedCoalition):
    """A coalition with the way down to it and its children."""

    children: list[str]
    path: list[str]


class CoalitionShardAnswer(Model):
    """The coalition, None if there is none of that id."""

    coalition: CoalitionDetail | None


def _answer(context: ShardContext, parameters: CoalitionParameters) -> CoalitionShardAnswer:
    found = context.values.find_coalition(parameters.id)
    if found is None:
        return CoalitionShardAnswer(coalition=None)
    partition, coalition = found
    number = partition.number
    children: list[str] = []
    if isinstance(coalition, Node):
        named = leaf_id if coalition.height == 1 else node_id
        children = [named(number, child) for child in coalition.children]
    worth = context.values.coalition(partition, coalition)
    return CoalitionShardAnswer(
        coalition=CoalitionDetail(
            **dict(coalition_of(worth, partition, coalition)),
            children=children,
            path=[node_id(number, node) for node in partition.ancestors(coalition)],
        )
    )


def _merge(
    answers: Sequence[CoalitionShardAnswer], _: CoalitionParameters
) -> CoalitionDetail | None:
    return next((answer.coalition for answer in answers if answer.coalition), None)


COALITION = CorpusQuery(
    name="coalition",
    parameters=CoalitionParameters,
    shard_answer=CoalitionShardAnswer,
    answer=_answer,
    merge=_merge,
    executor=short,
)
