"""How old V is: the event time of its newest evaluator."""

import math

from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.sketch import TRUSTED


def newest_evaluator(state: EngineState) -> float | None:
    """Return its event time in seconds since the epoch; None before the first record.

    The bundle's V counts as old as the stream.
    """
    joined = [leaf.evaluators for leaf in state.leaves.values() if leaf.evaluators is not None]
    newest = max((float(one.timestamps.max()) for one in joined), default=-math.inf)
    there = int(state.nodes[state.header.root].sketch.evaluators[TRUSTED].sum())
    begun = state.drift.begun
    if begun is not None and there > sum(map(len, joined)):
        newest = max(newest, begun)
    return None if newest == -math.inf else newest
