"""Examples and coalitions as the models that answers are made of."""

from hcdv_stream.api.models.answers import Example, ValuedCoalition
from hcdv_stream.api.views.id_index import ExampleLocation
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import ScaledValues
from hcdv_stream.valuation.doubt.packed import unpack
from hcdv_stream.valuation.tree.coalition_ids import id_of, leaf_id, node_id
from hcdv_stream.valuation.tree.leaf import ROOT_PARENT, Leaf, Node
from hcdv_stream.valuation.values import ValueAndStderr


def example_of(scaled: ScaledValues, partition: PartitionView, found: ExampleLocation) -> Example:
    """Describe an example; its rank is left open."""
    leaf, row, number = found.leaf, found.row, partition.number
    worth = scaled.example(partition, found)
    nodes = partition.corpus.path(leaf.id)
    doubt = unpack(int(leaf.examples.doubts[row]))
    return Example.model_construct(
        id=leaf.examples.ids[row],
        label=partition.identity.classes[leaf.examples.labels[row]],
        provider=leaf.examples.providers[row],
        event_time=float(leaf.examples.timestamps[row]),
        value=worth.value,
        stderr=worth.stderr,
        rank=None,
        doubt=None if doubt is None else doubt.doubt,
        suggested=None if doubt is None else partition.identity.classes[doubt.suggested],
        doubt_evidence=None if doubt is None else doubt.evidence,
        partition=number,
        leaf=leaf_id(number, leaf.id),
        path=[*(node_id(number, node) for node in nodes), leaf_id(number, leaf.id)],
    )


def coalition_of(
    worth: ValueAndStderr, partition: PartitionView, coalition: Leaf | Node
) -> ValuedCoalition:
    """Describe a coalition of that worth."""
    number, parent = partition.number, coalition.parent
    counts = coalition.sketch.counts.tolist()
    return ValuedCoalition(
        id=id_of(number, coalition),
        kind="leaf" if isinstance(coalition, Leaf) else "node",
        partition=number,
        height=0 if isinstance(coalition, Leaf) else coalition.height,
        parent=None if parent == ROOT_PARENT else node_id(number, parent),
        examples=sum(counts),
        classes=dict(zip(partition.identity.classes, counts, strict=True)),
        value=worth.value,
        stderr=worth.stderr,
    )
