"""Classes that have examples in a partition whose V has no evaluator of them."""

from collections.abc import Sequence
from itertools import chain

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.queries.query import (
    CorpusQuery,
    NoParameters,
    ShardContext,
    ShardScope,
    short,
)
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.valuation.drift.evaluator_shortage import short_of_evaluators


class WithoutEvaluators(Model):
    """The classes of a partition that nobody in its V carries, by label."""

    partition: int
    labels: list[str]


class WithoutEvaluatorsShardAnswer(Model):
    """The partitions of a shard that have such classes."""

    partitions: list[WithoutEvaluators]


def classes_without_evaluators(partition: PartitionView) -> list[str]:
    """Return the labels of a partition that have examples and no evaluator."""
    corpus = partition.corpus
    found = short_of_evaluators(corpus.whole.counts, corpus.trusted)
    return [partition.identity.classes[label] for label in found]


def _answer(context: ShardContext, _: NoParameters) -> WithoutEvaluatorsShardAnswer:
    found = [
        WithoutEvaluators(partition=partition.number, labels=labels)
        for partition in context.values.partitions
        if (labels := classes_without_evaluators(partition))
    ]
    return WithoutEvaluatorsShardAnswer(partitions=found)


def _plausible(_: NoParameters, answer: WithoutEvaluatorsShardAnswer, scope: ShardScope) -> bool:
    return all(one.partition in scope.numbers for one in answer.partitions)


def _merge(
    answers: Sequence[WithoutEvaluatorsShardAnswer], _: NoParameters
) -> list[WithoutEvaluators]:
    found = chain.from_iterable(answer.partitions for answer in answers)
    return sorted(found, key=lambda one: one.partition)


WITHOUT_EVALUATORS = CorpusQuery(
    name="without-evaluators",
    parameters=NoParameters,
    shard_answer=WithoutEvaluatorsShardAnswer,
    answer=_answer,
    plausible=_plausible,
    merge=_merge,
    executor=short,
)
