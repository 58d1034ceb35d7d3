"""The coalitions of a corpus: leaves and inner nodes of its tree, and what each is worth."""

from collections.abc import Mapping
from dataclasses import dataclass

from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.tree.tree import ROOT_PARENT
from hcdv_stream.valuation.values import Reading


@dataclass(frozen=True, slots=True)
class Coalition:
    """A leaf (``l<number>``, height 0) or an inner node (``n<number>``) of the tree.

    ``value`` is the sum of its examples' values, ``stderr`` its standard error; ``counts`` are its
    examples by class; ``parent`` is None at the root.
    """

    name: str
    parent: str | None
    height: int
    size: int
    counts: Mapping[str, int]
    value: float
    stderr: float


def coalitions(corpus: Corpus, reading: Reading) -> list[Coalition]:
    """Return every coalition, the root first and children after their parent, in order."""
    state = corpus.state
    pending: list[Leaf | Node] = [state.nodes[state.header.root]]
    found = []
    while pending:
        here = pending.pop()
        found.append(_described(here, corpus, reading))
        if isinstance(here, Node):
            below = state.leaves if here.height == 1 else state.nodes
            pending += [below[child] for child in reversed(here.children)]
    return found


def path(corpus: Corpus, leaf: int) -> tuple[str, ...]:
    """Return the names of the coalitions from the root down to a leaf."""
    return (*(f"n{node}" for node in corpus.path(leaf)), f"l{leaf}")


def leaves_below(corpus: Corpus, name: str) -> set[int]:
    """Return the leaves of a coalition; raises KeyError where there is none of that name."""
    leaves, nodes = corpus.state.leaves, corpus.state.nodes
    known = {f"l{leaf}": leaf for leaf in leaves}
    if name in known:
        return {known[name]}
    pending = [{f"n{node}": node for node in nodes}[name]]
    found: set[int] = set()
    while pending:
        node = nodes[pending.pop()]
        if node.height == 1:
            found.update(node.children)
        else:
            pending += node.children
    return found


def _described(here: Leaf | Node, corpus: Corpus, reading: Reading) -> Coalition:
    worth = reading.coalition(here)
    counts = dict(zip(corpus.classes, here.sketch.points.tolist(), strict=True))
    return Coalition(
        name=f"l{here.id}" if isinstance(here, Leaf) else f"n{here.id}",
        parent=None if here.parent == ROOT_PARENT else f"n{here.parent}",
        height=here.height if isinstance(here, Node) else 0,
        size=here.sketch.size,
        counts=counts,
        value=worth.value,
        stderr=worth.error,
    )
