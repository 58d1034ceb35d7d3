"""The tree of coalitions with sizes and values, level by level from the top."""

from collections.abc import Iterator, Sequence

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.models.live_page import TreeColumns
from hcdv_stream.api.queries.query import CorpusQuery, ShardContext, ShardScope
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import ScaledValues
from hcdv_stream.valuation.tree.coalition_ids import id_of, node_id
from hcdv_stream.valuation.tree.leaf import ROOT_PARENT, Leaf, Node


class TreeParameters(Model):
    """A coalition at the top, None for all roots, a depth, and most coalitions of a partition."""

    root: str | None
    depth: int
    limit: int


class TreeShardAnswer(TreeColumns):
    """The tree, if its root was ``found``, and the way down to the root."""

    found: bool
    path: list[str]


def _answer(context: ShardContext, parameters: TreeParameters) -> TreeShardAnswer:
    """Return whole levels from the top, as many as fit."""
    scaled = context.values
    if parameters.root is None:
        tops = [(partition, _root(partition)) for partition in scaled.partitions]
        members = [one for top in tops for one in _levels(*top, parameters)]
        return _columns(scaled, members, [])
    found = scaled.find_coalition(parameters.root)
    if found is None:
        return TreeShardAnswer(
            found=False,
            path=[],
            ids=[],
            parents=[],
            children=[],
            examples=[],
            classes=[],
            values=[],
        )
    partition, top = found
    path = [node_id(partition.number, node) for node in partition.ancestors(top)]
    return _columns(scaled, list(_levels(partition, top, parameters)), path)


def _root(partition: PartitionView) -> Node:
    state = partition.stored.state
    return state.nodes[state.header.root]


def _levels(
    partition: PartitionView, top: Leaf | Node, parameters: TreeParameters
) -> Iterator[tuple[PartitionView, Leaf | Node]]:
    level, given = [top], 0
    for depth in range(parameters.depth + 1):
        if not level or (depth and given + len(level) > parameters.limit):
            return
        yield from ((partition, one) for one in level)
        given += len(level)
        level = [child for one in level for child in _children(partition, one)]


def _children(partition: PartitionView, coalition: Leaf | Node) -> list[Leaf | Node]:
    if isinstance(coalition, Leaf):
        return []
    state = partition.stored.state
    if coalition.height == 1:
        return [state.leaves[child] for child in coalition.children]
    return [state.nodes[child] for child in coalition.children]


def _columns(
    scaled: ScaledValues, members: list[tuple[PartitionView, Leaf | Node]], path: list[str]
) -> TreeShardAnswer:
    classes = [one.sketch.counts.tolist() for _, one in members]
    return TreeShardAnswer(
        found=True,
        path=path,
        ids=[id_of(partition.number, one) for partition, one in members],
        parents=[
            None if one.parent == ROOT_PARENT else node_id(partition.number, one.parent)
            for partition, one in members
        ],
        children=[0 if isinstance(one, Leaf) else len(one.children) for _, one in members],
        examples=[sum(counts) for counts in classes],
        classes=classes,
        values=[scaled.coalition(*member).value for member in members],
    )


def _plausible(_: TreeParameters, answer: TreeShardAnswer, scope: ShardScope) -> bool:
    columns = [getattr(answer, name) for name in TreeColumns.model_fields]
    return len({len(column) for column in columns}) <= 1 and all(
        len(each) == scope.classes for each in answer.classes
    )


def _merge(answers: Sequence[TreeShardAnswer], _: TreeParameters) -> TreeShardAnswer | None:
    """Return the tree, None if no shard has its root."""
    trees = [answer for answer in answers if answer.found]
    if not trees:
        return None
    columns = {
        name: [one for tree in trees for one in getattr(tree, name)]
        for name in TreeColumns.model_fields
    }
    return TreeShardAnswer(
        found=True, path=[name for tree in trees for name in tree.path], **columns
    )


TREE = CorpusQuery(
    name="tree",
    parameters=TreeParameters,
    shard_answer=TreeShardAnswer,
    answer=_answer,
    merge=_merge,
    plausible=_plausible,
)
