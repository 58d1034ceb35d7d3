"""What the live page shows: the tree of a corpus, its spread, one value taken apart."""

from typing import Literal

from pydantic import Field

from hcdv_stream.api.models.answers import Answer, Example, Model, ValuedCoalition


class TreeColumns(Model):
    """Coalitions as columns of equal length, level by level from the top."""

    ids: list[str] = Field(examples=[["p0-n0", "p0-n4", "p0-l31"]])
    parents: list[str | None] = Field(examples=[[None, "p0-n0", "p0-n4"]])
    children: list[int] = Field(
        description="How many it has, in the answer or not.", examples=[[1, 1, 0]]
    )
    examples: list[int] = Field(examples=[[901, 901, 37]])
    classes: list[list[int]] = Field(
        description="Its examples by class, in the order of `labels`.",
        examples=[[[760, 141], [760, 141], [31, 6]]],
    )
    values: list[float] = Field(
        description="Sums of their examples' values in the whole corpus.",
        examples=[[0.343, 0.343, 0.0121]],
    )


class TreeAnswer(Answer, TreeColumns):
    """The tree of coalitions under a root, or under every partition's."""

    labels: list[str] = Field(description="The classes.", examples=[["bounce", "buy"]])
    path: list[str] = Field(
        description="Coalitions from its partition's root to the parent of the one asked for.",
        examples=[[]],
    )


class DistributionAnswer(Answer):
    """How values are spread, class by class."""

    labels: list[str] = Field(description="The classes.", examples=[["bounce", "buy"]])
    edges: list[float] = Field(
        description="Of the bins, ascending: one more than there are bins.",
        examples=[[-0.00001, 0.0, 0.00001]],
    )
    counts: list[list[int]] = Field(
        description="Examples by class and bin; a bin holds its lower edge, the last one both.",
        examples=[[[120, 640], [12, 129]]],
    )
    below: list[int] = Field(description="Examples by class under all bins.", examples=[[2, 0]])
    above: list[int] = Field(description="Examples by class over all bins.", examples=[[5, 1]])
    negative: list[int] = Field(
        description="Examples by class that are worth less than nothing.", examples=[[122, 12]]
    )


class EvaluatorContribution(Model):
    """What the evaluators of one kind and class give an example."""

    kind: Literal["trusted", "peers"] = Field(examples=["trusted"])
    label: str = Field(description="The evaluators' class.", examples=["buy"])
    evaluators: int = Field(
        description="How many of them are in its leaf, its own provider's among them.",
        examples=[4],
    )
    of: int = Field(description="How many there are in all.", examples=[233])
    value: float = Field(description="Their part of its value.", examples=[0.0000103])


class Mate(Model):
    """Another example of its leaf."""

    id: str = Field(examples=["s000023"])
    label: str = Field(examples=["buy"])
    provider: str | None = Field(examples=["shop-b"])
    distance: float = Field(description="Cosine distance to it.", examples=[0.0021])
    value: float = Field(description="Its own value.", examples=[0.0000143])
    judges: bool = Field(
        description="Whether it judges the example: its own provider's do not, by default.",
        examples=[True],
    )
    rank: int | None = Field(
        description="How near the example is to it among all that it judges, from 1; null where "
        "it does not judge it.",
        examples=[2],
    )
    gives: float | None = Field(
        description="Its part of the example's value; null where it does not judge it.",
        examples=[0.0000017],
    )


class Why(Model):
    """An example's value taken apart."""

    example: Example
    evaluated: list[EvaluatorContribution] = Field(
        description="Add up to its value with `contrast`; none where the game keeps no such parts."
    )
    contrast: float | None = Field(
        description="What its distance to other classes gives: λ times its Shapley value of Δ̄.",
        examples=[0.0000009],
    )
    leaf_examples: int = Field(description="Examples in its leaf.", examples=[37])
    mates: list[Mate] = Field(description="Others of its leaf, nearest first.")
    path: list[ValuedCoalition] = Field(
        description="Coalitions that it belongs to, from its partition's root to its leaf."
    )


class WhyAnswer(Answer, Why):
    """Why an example is worth what it is worth."""


class Written(Model):
    """An update as it was written."""

    partition: int = Field(examples=[0])
    written_at: float = Field(
        description="When it was written, epoch seconds.", examples=[1764032461.9]
    )
    latency: float = Field(
        description="Seconds from the broker's append of its newest record to its write.",
        examples=[0.14],
    )
    examples: int = Field(description="Examples of the partition.", examples=[31215])


class UpdatesAnswer(Model):
    """Updates that are still kept, oldest first."""

    updates: list[Written]
    missing_partitions: list[int] = Field(
        description="Partitions that could not be asked.", examples=[[]]
    )
