"""The lowest and the highest value."""

from collections.abc import Sequence

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.queries.query import CorpusQuery, NoParameters, ShardContext


class Extremes(Model):
    """The lowest and the highest value, None if there is no example."""

    least: float | None
    most: float | None


def _answer(context: ShardContext, _: NoParameters) -> Extremes:
    columns = [values for values in context.values.values() if len(values)]
    return Extremes(
        least=min((float(values.min()) for values in columns), default=None),
        most=max((float(values.max()) for values in columns), default=None),
    )


def _merge(answers: Sequence[Extremes], _: NoParameters) -> Extremes:
    return Extremes(
        least=min((one.least for one in answers if one.least is not None), default=None),
        most=max((one.most for one in answers if one.most is not None), default=None),
    )


EXTREMES = CorpusQuery(
    name="extremes",
    parameters=NoParameters,
    shard_answer=Extremes,
    answer=_answer,
    merge=_merge,
)
