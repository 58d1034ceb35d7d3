"""A whole corpus at once: the tree is cut from its own examples, which are in their leaves already.

A stream needs a tree before its first record; a corpus at hand does not. Cutting it costs
O(n d log n), and no example is compared with every leaf. What comes out is the state of an engine
that has applied no record yet: its first ``play`` plays every leaf, and records may follow.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.bisection import parts
from hcdv_stream.valuation.tree.leaf import LeafExamples
from hcdv_stream.valuation.tree.seed import grown_above


def plant(batch: Batch, classes: int, config: EngineConfig) -> EngineState:
    """Cut n >= 1 examples with ids of their own, none of them a deletion, into a tree."""
    copies = _copies(batch)
    groups = parts(batch.embeddings, config.leaf_size)
    state = grown_above(batch.embeddings, groups, config).state(classes)
    leaves = {
        leaf: replace(state.leaves[leaf], examples=_examples(batch, rows, copies))
        for leaf, rows in enumerate(groups)
    }
    return EngineState(state.header, state.nodes, leaves)


def _copies(batch: Batch) -> npt.NDArray[np.bool_]:
    """Tell the examples that are alike to an earlier one; see ``originals``."""
    copies = np.zeros(len(batch), np.bool_)
    known = np.flatnonzero(batch.fingerprints[:, 0])
    _, first = np.unique(batch.fingerprints[known, 0], return_index=True)
    copies[np.delete(known, first)] = True
    return copies


def _examples(
    batch: Batch, rows: npt.NDArray[np.intp], copies: npt.NDArray[np.bool_]
) -> LeafExamples:
    """Take some examples; they came in their order, before every record of a stream."""
    order = sorted(rows.tolist(), key=batch.ids.__getitem__)
    return LeafExamples(
        tuple(batch.ids[row] for row in order),
        batch.labels[order],
        tuple(batch.providers[row] for row in order),
        batch.timestamps[order],
        batch.embeddings[order],
        batch.fingerprints[order],
        np.array(order, np.int64) - len(batch),
        copies[order],
        batch.doubts[order],
    )
