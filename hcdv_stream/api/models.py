"""What the API answers: one model per kind of answer, from which its OpenAPI page is made."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class AsOf(_Model):
    """The one update of each partition that an answer was made from."""

    update: int = Field(description="Complete updates of the tree, over all partitions.")
    updates: dict[str, int] = Field(description="The same by partition.")
    offsets: dict[str, int] = Field(
        description="By partition, the first Kafka offset that is not in the answer yet."
    )
    event_time: float = Field(
        description="Latest event time among the records in the answer, seconds since the epoch."
    )
    lag: int = Field(
        description="Records that waited in Kafka behind the answer, when it was written."
    )


class WeightsUsed(_Model):
    """How values were weighed."""

    utility: str = Field(description="balanced, accuracy or class:<label>.")
    beta: float = Field(description="The peers' share of the judgement.")
    lam: float = Field(alias="lambda", description="Weight of the cross-label contrast.")


class Answer(_Model):
    """What every value-bearing answer says besides its values."""

    weights: WeightsUsed | None = Field(
        description="How values were weighed; null where the game fixed that when it was played."
    )
    as_of: AsOf


class Point(_Model):
    """An example and what it is worth in the whole corpus."""

    id: str
    label: str
    provider: str | None
    event_time: float = Field(description="Seconds since the epoch.")
    value: float = Field(description="Shapley value in the whole corpus.")
    stderr: float = Field(description="Standard error of the value.")
    rank: int | None = Field(
        description="From 1, highest value first, ties by id; null where it was not asked for."
    )
    partition: int
    leaf: str = Field(description="Id of its leaf's coalition.")
    path: list[str] = Field(description="Coalitions from its partition's root to its leaf.")


class PointAnswer(Answer, Point):
    """One point."""


class PointsAnswer(Answer):
    """Points in the order of their values."""

    points: list[Point]


class BatchRequest(_Model):
    """Which points are asked for."""

    ids: list[str] = Field(min_length=1, max_length=1000, description="Up to 1,000 ids.")


class BatchAnswer(Answer):
    """Points in the order asked for, and the ids that are not there."""

    points: list[Point]
    missing: list[str]


class Coalition(_Model):
    """A leaf or an inner node of a partition's tree."""

    id: str = Field(description="p<partition>-l<leaf> or p<partition>-n<node>.")
    kind: Literal["leaf", "node"]
    partition: int
    height: int = Field(description="Levels above the leaves; 0 for a leaf.")
    parent: str | None
    points: int
    classes: dict[str, int] = Field(description="Points by class label.")
    value: float = Field(description="Sum of its points' values in the whole corpus.")
    stderr: float


class CoalitionsAnswer(Answer):
    """Coalitions, highest value first."""

    coalitions: list[Coalition]
    total: int = Field(description="How many coalitions match, of which these are the first.")


class CoalitionAnswer(Answer, Coalition):
    """One coalition."""

    children: list[str]
    path: list[str] = Field(description="Coalitions from its partition's root to its parent.")


class Provider(_Model):
    """A data provider and what its points are worth together."""

    provider: str | None = Field(description="null: the points that name no provider.")
    points: int
    value: float
    share: float | None = Field(
        description="Part of the value of all points; null where that is not positive."
    )
    stderr: float = Field(
        description="Conservative: absolute errors within a leaf, squares across leaves."
    )


class ProvidersAnswer(Answer):
    """Providers, highest value first."""

    providers: list[Provider]
    value: float = Field(description="Sum of the values of all points.")


class ClassCounts(_Model):
    """A class and who carries it."""

    label: str
    points: int
    validation: int = Field(description="Trusted evaluators of the class.")


class PartitionSummary(_Model):
    """A partition, which is a coalition of the whole corpus."""

    partition: int
    root: str
    points: int
    leaves: int
    share: float = Field(description="Its part n_p/n of the points.")
    value: float
    updates: int
    next_offset: int
    lag: int
    written_at: float = Field(description="When its last update was written, epoch seconds.")


class SummaryAnswer(Answer):
    """The whole corpus."""

    game: str
    bundle: str = Field(description="Checksum of the bundle.")
    points: int
    leaves: int
    nodes: int
    classes: list[ClassCounts]
    value: float = Field(description="Sum of the values of all points.")
    total: float = Field(description="v(D) − v(∅), computed apart from the values.")
    residual: float = Field(description="Distance between the two.")
    records: int
    updates: int
    spawned: int
    split: int
    merged: int
    rebalances: int
    replacements: int
    deletions: int
    partitions: list[PartitionSummary]


class Health(_Model):
    """The answer of a probe."""

    status: Literal["ok"] = "ok"


class InvalidField(_Model):
    """A parameter that was refused."""

    field: str
    detail: str


class Problem(_Model):
    """An error, as RFC 9457 writes it."""

    type: str = Field(description="about:blank, or urn:hcdv-stream:problem:<name>.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="Path that was asked for.")
    errors: list[InvalidField] | None = Field(
        default=None, description="With status 422: each parameter that was refused."
    )
