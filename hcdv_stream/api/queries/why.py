"""Why an example is worth what it is: its value taken apart, from its leaf alone.

Of the trusted evaluators the state knows how many are in a leaf and what they give each of its
examples together, not who they are: their embeddings are in the bundle, which the API does not
need. What each peer gives is played again (``valuation.games.peer_contributions``).
"""

from collections.abc import Sequence

import numpy as np

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.models.live_page import EvaluatorContribution, Mate, Why
from hcdv_stream.api.queries.query import CorpusQuery, ShardContext, short
from hcdv_stream.api.views.descriptions import coalition_of, example_of
from hcdv_stream.api.views.id_index import ExampleLocation
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import ScaledValues
from hcdv_stream.valuation.games.peer_contributions import peer_contributions
from hcdv_stream.valuation.games.routed_weights import RoutedWeights
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.tree.sketch import PEERS, TRUSTED, UTILITY_BITS
from hcdv_stream.valuation.values import RoutedStateValues


class WhyParameters(Model):
    """An example's id, and how many examples of its leaf to name."""

    id: str
    mates: int


class WhyShardAnswer(Model):
    """The value taken apart, None if there is no such example."""

    why: Why | None


def _answer(context: ShardContext, parameters: WhyParameters) -> WhyShardAnswer:
    scaled = context.values
    place = scaled.find(parameters.id)
    if place is None:
        return WhyShardAnswer(why=None)
    partition, found = place
    reading = partition.corpus.state_values(scaled.weights)
    weights = reading.weights if isinstance(reading, RoutedStateValues) else None
    return WhyShardAnswer(
        why=Why(
            example=example_of(scaled, partition, found),
            evaluated=[] if weights is None else _contributions(scaled, partition, found, weights),
            contrast=None if weights is None else _contrast(scaled, partition, found, weights),
            leaf_examples=len(found.leaf.examples),
            mates=_mates(scaled, partition, found, weights, parameters.mates),
            path=[
                coalition_of(scaled.coalition(partition, one), partition, one)
                for one in _path(partition, found.leaf)
            ],
        )
    )


def _contributions(
    scaled: ScaledValues,
    partition: PartitionView,
    found: ExampleLocation,
    weights: RoutedWeights,
) -> list[EvaluatorContribution]:
    components = np.ldexp(
        found.leaf.outcome["components"][found.row].astype(np.float64), -UTILITY_BITS
    )
    parts = scaled.share(partition) * weights.scale * components
    present = found.leaf.sketch.evaluators
    return [
        EvaluatorContribution(
            kind="trusted" if kind == TRUSTED else "peers",
            label=label,
            evaluators=int(present[kind, place]),
            of=int(weights.evaluators[kind, place]),
            value=float(parts[kind, place]),
        )
        for kind in (TRUSTED, PEERS)
        for place, label in enumerate(partition.identity.classes)
    ]


def _contrast(
    scaled: ScaledValues,
    partition: PartitionView,
    found: ExampleLocation,
    weights: RoutedWeights,
) -> float:
    examples, here = found.leaf.examples, slice(found.row, found.row + 1)
    gained = weights.shapley.examples(examples.labels[here], examples.embeddings[here])
    return scaled.share(partition) * weights.lam * float(gained[0])


def _mates(
    scaled: ScaledValues,
    partition: PartitionView,
    found: ExampleLocation,
    weights: RoutedWeights | None,
    most: int,
) -> list[Mate]:
    examples, classes = found.leaf.examples, partition.identity.classes
    since = partition.stored.state.drift.peers_since
    seen = peer_contributions(examples, found.row, partition.identity.engine, since)
    values = scaled.leaf(partition, found.leaf).value
    share = scaled.share(partition)
    mates = []
    for row in np.argsort(seen.distances, kind="stable").tolist():
        if row == found.row:
            continue
        label = int(examples.labels[row])
        judges = weights is not None and bool(seen.evaluates[row])
        gives = None
        if weights is not None and judges:
            gives = share * float(weights.scale[PEERS, label])
            gives *= float(np.ldexp(float(seen.gives[row]), -UTILITY_BITS))
        mates.append(
            Mate(
                id=examples.ids[row],
                label=classes[label],
                provider=examples.providers[row],
                distance=max(float(seen.distances[row]), 0.0),
                value=float(values[row]),
                judges=judges,
                rank=int(seen.ranks[row]) if judges else None,
                gives=gives,
            )
        )
        if len(mates) == most:
            break
    return mates


def _path(partition: PartitionView, leaf: Leaf) -> list[Leaf | Node]:
    nodes = partition.stored.state.nodes
    return [*(nodes[node] for node in partition.corpus.path(leaf.id)), leaf]


def _merge(answers: Sequence[WhyShardAnswer], _: WhyParameters) -> Why | None:
    return next((answer.why for answer in answers if answer.why), None)


WHY = CorpusQuery(
    name="why",
    parameters=WhyParameters,
    shard_answer=WhyShardAnswer,
    answer=_answer,
    merge=_merge,
    executor=short,
)
