"""A page of the examples whose label is probably wrong, the most doubtful first."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.models.suspects import Suspect
from hcdv_stream.api.queries.query import CorpusQuery, ShardContext, ShardScope
from hcdv_stream.api.views.filters import ExampleFilter
from hcdv_stream.api.views.ordering import OrderedExample, Ordering, Place, first_examples
from hcdv_stream.api.views.scaled_values import DoubtSum, ScaledValues
from hcdv_stream.valuation.doubt.packed import unpack
from hcdv_stream.valuation.doubt.reasons import reason
from hcdv_stream.valuation.tree.coalition_ids import leaf_id


class SuspectsParameters(Model):
    """So many suspects behind a place; ``only`` says above which doubt, and what else they meet."""

    limit: int
    after: Place | None = None
    only: ExampleFilter = Field(default_factory=ExampleFilter)


class SuspectsShardAnswer(Model):
    """The first suspects of a shard, and how many there are at all.

    ``doubted`` counts its examples with a doubt, ``expected_wrong`` is the sum of these doubts.
    """

    suspects: list[Suspect]
    total: int
    doubted: int
    expected_wrong: float


class SuspectsPage(NamedTuple):
    """The same of the whole corpus."""

    suspects: list[Suspect]
    total: int
    doubted: int
    expected_wrong: float


def _answer(context: ShardContext, parameters: SuspectsParameters) -> SuspectsShardAnswer:
    scaled = context.values
    ordering = Ordering("doubt", "desc", parameters.limit, parameters.after)
    found, total = first_examples(scaled, ordering, parameters.only)
    sums = scaled.doubts.values()
    whole = DoubtSum(*(sum(each[place] for each in sums) for place in range(3)))
    return SuspectsShardAnswer.model_construct(
        suspects=[_suspect(scaled, one) for one in found],
        total=total,
        doubted=whole.doubted,
        expected_wrong=whole.total,
    )


def _suspect(scaled: ScaledValues, one: OrderedExample) -> Suspect:
    partition, (leaf, row) = one.partition, (one.found.leaf, one.found.row)
    examples, classes = leaf.examples, partition.identity.classes
    doubt = unpack(int(examples.doubts[row]))
    assert doubt is not None  # whoever has none is in no order of doubts
    values = scaled.leaf(partition, leaf)
    return Suspect.model_construct(
        id=examples.ids[row],
        label=classes[examples.labels[row]],
        suggested=classes[doubt.suggested],
        doubt=doubt.doubt,
        doubt_evidence=doubt.evidence,
        value=float(values.value[row]),
        stderr=float(values.stderr[row]),
        why=reason(doubt.support, float(values.evaluated[row]), seen=doubt.evidence == "seen"),
        provider=examples.providers[row],
        event_time=float(examples.timestamps[row]),
        partition=partition.number,
        leaf=leaf_id(partition.number, leaf.id),
    )


def _plausible(parameters: SuspectsParameters, answer: SuspectsShardAnswer, _: ShardScope) -> bool:
    return len(answer.suspects) <= min(parameters.limit, answer.total) <= max(answer.doubted, 0)


def _merge(answers: Sequence[SuspectsShardAnswer], parameters: SuspectsParameters) -> SuspectsPage:
    suspects = [suspect for answer in answers for suspect in answer.suspects]
    suspects.sort(key=lambda suspect: (-suspect.doubt, suspect.id))
    return SuspectsPage(
        suspects[: parameters.limit],
        sum(answer.total for answer in answers),
        sum(answer.doubted for answer in answers),
        math.fsum(answer.expected_wrong for answer in answers),
    )


SUSPECTS = CorpusQuery(
    name="suspects",
    parameters=SuspectsParameters,
    shard_answer=SuspectsShardAnswer,
    answer=_answer,
    merge=_merge,
    merges_heavily=True,
    plausible=_plausible,
)
