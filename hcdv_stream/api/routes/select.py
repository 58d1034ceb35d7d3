"""``/v1/select``: which examples to train on."""

from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Query, Response

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.models.answers import SelectAnswer
from hcdv_stream.api.queries.rows import SELECTION_SCHEMA
from hcdv_stream.api.routes.dependencies import ContextNow
from hcdv_stream.api.routes.retry import RetryRoute
from hcdv_stream.valuation.selection import Strategy, select

router = APIRouter(tags=["selection"], route_class=RetryRoute)


@router.get("/v1/select", response_model=SelectAnswer)
async def choose_examples(
    context: ContextNow,
    share: Annotated[
        float, Query(gt=0, le=1, description="Part of the examples to choose.", examples=[0.3])
    ],
    strategy: Annotated[
        Strategy,
        Query(
            description="spread: drop examples whose doubt is above 0.5, or above 0.1 where "
            "evaluators value them below 0 too, and the most doubtful others of a class until as "
            "many are dropped as evaluators value below 0, or a tenth of the class; without doubts "
            "as many of a class as evaluators judge to do harm, at most 30%, lowest values first; "
            "then draw evenly over the classes. top: the highest values.",
            examples=["spread"],
        ),
    ] = "spread",
    seed: Annotated[int, Query(ge=0, le=(1 << 63) - 1, description="Of what is drawn.")] = 0,
) -> Response:
    """Examples to train on, chosen by their values.

    The highest values pile up in dense regions, so `spread` trains better than `top`. The same
    state, weights and seed give the same examples.
    """
    batches = [batch async for batch in context.corpus.rows(every_column=False)]
    classes = context.snapshot.classes

    def chosen() -> tuple[list[str], dict[str, int], int]:
        table = pa.Table.from_batches(batches, SELECTION_SCHEMA)
        if not len(table):
            return [], dict.fromkeys(classes, 0), 0
        table = table.take(pc.sort_indices(table["id"]))  # an order that no tree decides
        labels = pc.index_in(table["label"], pa.array(classes)).to_numpy()
        generator = np.random.default_rng(seed)
        values, evaluated = (table[name].to_numpy() for name in ("value", "evaluated"))
        # Of a bundle without a doubt model no example has a doubt, otherwise all have.
        doubts = None if table["doubt"].null_count else table["doubt"].to_numpy()
        kept = select(
            values, labels, share, strategy, generator, evaluated=evaluated, doubts=doubts
        )
        counts = np.bincount(labels[kept], minlength=len(classes)).tolist()
        ids: list[str] = table["id"].take(kept).to_pylist()
        return ids, dict(zip(classes, counts, strict=True)), len(table)

    ids, counts, total = await run_heavy(chosen)
    answer = SelectAnswer.model_construct(
        strategy=strategy,
        share=share,
        seed=seed,
        count=len(ids),
        total=total,
        classes=counts,
        ids=ids,
        **context.answer(),
    )
    return await run_heavy(context.respond, answer)
