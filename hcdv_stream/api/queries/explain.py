"""Why a point is worth what it is worth: its value taken apart, from its leaf alone.

Of the trusted evaluators the state knows how many are in a leaf and what they give each of its
points together, not who they are: their embeddings are in the bundle, which the API does not need.
What each peer gives is played again (``peer_contributions``).
"""

import numpy as np

from hcdv_stream.api.models.live_page import Judged, Mate, Why, WhyAsked, WhyPart
from hcdv_stream.api.queries.describe import coalition_of, point_of
from hcdv_stream.api.views.id_index import Found
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import Valuation
from hcdv_stream.valuation.games.peer_contributions import peer_contributions
from hcdv_stream.valuation.games.routed_weights import RoutedWeights
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.tree.sketch import PEERS, TRUSTED, UTILITY_BITS
from hcdv_stream.valuation.values import RoutedStateValues


def why(valuation: Valuation, asked: WhyAsked) -> WhyPart:
    """Take a point's value apart, None where there is no such point."""
    place = valuation.find(asked.id)
    if place is None:
        return WhyPart(why=None)
    partition, found = place
    reading = partition.corpus.state_values(valuation.weights)
    weights = reading.weights if isinstance(reading, RoutedStateValues) else None
    return WhyPart(
        why=Why(
            point=point_of(valuation, partition, found),
            judged=[] if weights is None else _judged(valuation, partition, found, weights),
            contrast=None if weights is None else _contrast(valuation, partition, found, weights),
            leaf_points=len(found.leaf.examples),
            mates=_mates(valuation, partition, found, weights, asked.mates),
            path=[
                coalition_of(valuation.coalition(partition, one), partition, one)
                for one in _path(partition, found.leaf)
            ],
        )
    )


def _judged(
    valuation: Valuation, partition: PartitionView, found: Found, weights: RoutedWeights
) -> list[Judged]:
    components = np.ldexp(
        found.leaf.outcome["components"][found.row].astype(np.float64), -UTILITY_BITS
    )
    parts = valuation.share(partition) * weights.scale * components
    present = found.leaf.sketch.evaluators
    return [
        Judged(
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
    valuation: Valuation, partition: PartitionView, found: Found, weights: RoutedWeights
) -> float:
    points, here = found.leaf.examples, slice(found.row, found.row + 1)
    gained = weights.shapley.examples(points.labels[here], points.embeddings[here])
    return valuation.share(partition) * weights.lam * float(gained[0])


def _mates(
    valuation: Valuation,
    partition: PartitionView,
    found: Found,
    weights: RoutedWeights | None,
    most: int,
) -> list[Mate]:
    points, classes = found.leaf.examples, partition.identity.classes
    seen = peer_contributions(points, found.row, partition.identity.engine)
    values = valuation.leaf(partition, found.leaf).value
    share = valuation.share(partition)
    mates = []
    for row in np.argsort(seen.distances, kind="stable").tolist():
        if row == found.row:
            continue
        label = int(points.labels[row])
        judges = weights is not None and bool(seen.evaluates[row])
        gives = None
        if weights is not None and judges:
            gives = share * float(weights.scale[PEERS, label])
            gives *= float(np.ldexp(float(seen.gives[row]), -UTILITY_BITS))
        mates.append(
            Mate(
                id=points.ids[row],
                label=classes[label],
                provider=points.providers[row],
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
