"""The answers behind pictures, merged over the shards of a corpus."""

import numpy as np

from hcdv_stream.api.models.live_page import (
    Extremes,
    SpreadAsked,
    SpreadPart,
    TreeAsked,
    TreeColumns,
    TreePart,
    Why,
    WhyAsked,
    Written,
)
from hcdv_stream.api.models.shards import EXTREMES, SPREAD, TREE, UPDATES, WHY, Nothing
from hcdv_stream.api.sources.merged import MergedCorpus


async def tree(whole: MergedCorpus, asked: TreeAsked) -> TreePart | None:
    """Return the tree under a coalition or under all roots, None where there is none."""
    parts = [part for part in await whole.ask_all(TREE, asked) if part.found]
    if not parts:
        return None
    path = [name for part in parts for name in part.path]
    columns = {
        name: [one for part in parts for one in getattr(part, name)]
        for name in TreeColumns.model_fields
    }
    return TreePart(found=True, path=path, **columns)


async def extremes(whole: MergedCorpus) -> Extremes:
    """Return the lowest and the highest value."""
    parts = await whole.ask_all(EXTREMES, Nothing())
    return Extremes(
        least=min((part.least for part in parts if part.least is not None), default=None),
        most=max((part.most for part in parts if part.most is not None), default=None),
    )


async def spread(whole: MergedCorpus, edges: list[float]) -> SpreadPart:
    """Return how many points of each class have values between which edges."""
    parts = await whole.ask_all(SPREAD, SpreadAsked(edges=edges))
    return SpreadPart(
        **{
            name: np.sum([getattr(part, name) for part in parts], axis=0).tolist()
            for name in SpreadPart.model_fields
        }
    )


async def why(whole: MergedCorpus, asked: WhyAsked) -> Why | None:
    """Return a point's value taken apart, None where there is no such point."""
    parts = await whole.ask_all(WHY, asked)
    return next((part.why for part in parts if part.why), None)


async def updates(whole: MergedCorpus) -> list[Written]:
    """Return the updates that are kept, oldest first."""
    parts = await whole.ask_all(UPDATES, Nothing())
    found = [update for part in parts for update in part.updates]
    return sorted(found, key=lambda update: (update.written_at, update.partition))
