"""The coalitions of a corpus: leaves and inner nodes of its tree, and what each is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.tree.coalition_ids import id_of, node_id, path_ids
from hcdv_stream.valuation.tree.leaf import ROOT_PARENT, Leaf, Node
from hcdv_stream.valuation.tree.navigation import children_of, leaves_below
from hcdv_stream.valuation.values import StateValues

PARTITION = 0
"""An estimator has one tree; the streaming service has one for each partition of its topic."""


@dataclass(frozen=True, slots=True)
class Coalition:
    """A leaf or an inner node of the tree.

    Parameters
    ----------
    name : str
        ``p0-l<number>`` for a leaf, ``p0-n<number>`` for an inner node.
    parent : str or None
        The name of its parent, None at the root.
    height : int
        0 for a leaf.
    size : int
        How many examples it has.
    counts : mapping from str to int
        Its examples by class.
    value : float
        The sum of its examples' values.
    stderr : float
        The standard error of that sum over other evaluators of these examples.

    Examples
    --------
    >>> from hcdv_stream.methods import HCDV
    >>> root = HCDV("identity").fit([[0.0], [1.0], [2.0]], [0, 1, 1]).coalitions_[0]
    >>> root.name, root.parent, root.size, root.counts
    ('p0-n0', None, 3, {'0': 1, '1': 2})

    """

    name: str
    parent: str | None
    height: int
    size: int
    counts: Mapping[str, int]
    value: float
    stderr: float


def coalitions(corpus: Corpus, reading: StateValues) -> list[Coalition]:
    """Return every coalition, the root first and children after their parent, in order."""
    state = corpus.state
    pending: list[Leaf | Node] = [state.nodes[state.header.root]]
    found = []
    while pending:
        here = pending.pop()
        found.append(_described(here, corpus, reading))
        if isinstance(here, Node):
            pending += reversed(children_of(state, here))
    return found


def path(corpus: Corpus, leaf: int) -> tuple[str, ...]:
    """Return the names of the coalitions from the root down to a leaf."""
    return path_ids(PARTITION, corpus.path(leaf), leaf)


def places(corpus: Corpus, leaves: Sequence[int], nowhere: int) -> dict[str, list[str | None]]:
    """Return each example's leaf and the path to it by name, None for one that is ``nowhere``."""
    paths = {leaf: path(corpus, leaf) for leaf in set(leaves) - {nowhere}}
    return {
        "leaf": [paths[leaf][-1] if leaf in paths else None for leaf in leaves],
        "path": ["/".join(paths[leaf]) if leaf in paths else None for leaf in leaves],
    }


def leaves_of(corpus: Corpus, name: str) -> list[int]:
    """Return the leaves of a coalition; raises KeyError if there is none of that name."""
    leaves, nodes = corpus.state.leaves, corpus.state.nodes
    known: dict[str, Leaf | Node] = {id_of(PARTITION, leaf): leaf for leaf in leaves.values()}
    known |= {id_of(PARTITION, node): node for node in nodes.values()}
    if not isinstance(name, str) or name not in known:
        raise KeyError(f"there is no coalition {name!r}: coalitions_ lists the names")
    return leaves_below(nodes, known[name])


def _described(here: Leaf | Node, corpus: Corpus, reading: StateValues) -> Coalition:
    worth = reading.coalition(here)
    counts = dict(zip(corpus.classes, here.sketch.counts.tolist(), strict=True))
    return Coalition(
        name=id_of(PARTITION, here),
        parent=None if here.parent == ROOT_PARENT else node_id(PARTITION, here.parent),
        height=here.height if isinstance(here, Node) else 0,
        size=here.sketch.size,
        counts=counts,
        value=worth.value,
        stderr=worth.stderr,
    )
