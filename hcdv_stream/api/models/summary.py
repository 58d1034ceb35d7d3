"""What the summary answers: the whole corpus in numbers."""

from pydantic import Field

from hcdv_stream.api.models.answers import Answer, LeftOutPartition, Model


class ClassCounts(Model):
    """A class and who carries it."""

    label: str = Field(examples=["buy"])
    examples: int = Field(examples=[9580])
    validation: int = Field(
        description="Trusted evaluators of the class, in the partition that has fewest.",
        examples=[233],
    )


class DivergenceAlarm(Model):
    """What arrives agrees less with V than it did: of a class, of a provider, or altogether."""

    partition: int = Field(examples=[0])
    label: str | None = Field(
        description="The class; null for a provider and for all.", examples=["buy"]
    )
    provider: str | None = Field(
        description="The provider; null for a class and for all.", examples=[None]
    )
    since: float = Field(
        description="Event time at which the alarm began, epoch seconds.", examples=[1764032461.9]
    )


class PartitionSummary(Model):
    """A partition, which is a coalition of the whole corpus."""

    partition: int = Field(examples=[0])
    root: str = Field(examples=["p0-n0"])
    examples: int = Field(examples=[31215])
    leaves: int = Field(examples=[702])
    share: float = Field(description="Its part n_p/n of the examples.", examples=[0.505])
    value: float = Field(examples=[0.343])
    updates: int = Field(examples=[208])
    next_offset: int = Field(examples=[31215])
    begins_at: int | None = Field(
        description="The first Kafka offset that can be in it; null if its state does not say.",
        examples=[0],
    )
    complete: bool = Field(
        description="Whether that is where its log began; if not, it is truncated.",
        examples=[True],
    )
    lag: int | None = Field(None, description="As in `as_of`.", examples=[0])
    age_seconds: float | None = Field(None, description="As in `as_of`.", examples=[0.42])
    checked_at: float | None = Field(None, description="As in `as_of`.", examples=[1764032461.5])
    stale: bool | None = Field(
        None,
        description="Whether no worker keeps it current; null if no worker has ever said.",
        examples=[False],
    )
    since: float | None = Field(
        None,
        description="If it is stale, when its worker was last up to date with the broker, or let "
        "it go, epoch seconds.",
        examples=[None],
    )
    reason: str | None = Field(
        None, description="Why it is stale, or its lag not known.", examples=[None]
    )
    written_at: float = Field(
        description="When its last update was written, epoch seconds.", examples=[1764032461.9]
    )
    evaluators: list[int] = Field(
        default_factory=list,
        description="Evaluators in its V by class, in the order of `classes`.",
        examples=[[812, 233]],
    )
    evaluators_joined: int = Field(
        0, description="Trusted sessions that joined its V so far.", examples=[310]
    )
    evaluators_retired: int = Field(
        0, description="Evaluators that left it by age or by number.", examples=[280]
    )
    newest_evaluator: float | None = Field(
        None,
        description="Event time of its newest evaluator, epoch seconds; the bundle's are as old as "
        "the stream.",
        examples=[1764028800.0],
    )
    without_evaluators: list[str] = Field(
        default_factory=list,
        description="Classes that have examples in it and no evaluator in its V: nothing says what "
        "these are worth, and payouts are refused.",
        examples=[[]],
    )
    diverging: list[DivergenceAlarm] = Field(
        default_factory=list,
        description="Classes and providers of which what arrives diverges from V.",
        examples=[[]],
    )


class Counters(Model):
    """Totals since the beginning, over all partitions."""

    records: int = Field(examples=[61823])
    updates: int = Field(examples=[412])
    spawned: int = Field(examples=[318])
    split: int = Field(examples=[1240])
    merged: int = Field(examples=[160])
    rebalances: int = Field(examples=[136])
    replacements: int = Field(examples=[0])
    deletions: int = Field(examples=[0])


class SummaryAnswer(Answer, Counters):
    """The whole corpus."""

    game: str = Field(examples=["routed"])
    bundle: str = Field(description="Checksum of the bundle.", examples=["9f2c41d07be3"])
    examples: int = Field(examples=[61823])
    leaves: int = Field(examples=[1398])
    nodes: int = Field(examples=[47])
    classes: list[ClassCounts]
    value: float = Field(description="Sum of the values of all examples.", examples=[0.68])
    total: float = Field(
        description="v(D) − v(∅), computed apart from the values.", examples=[0.68]
    )
    residual: float = Field(description="Distance between the two.", examples=[1.1e-16])
    partitions: list[PartitionSummary]
    diverging: list[DivergenceAlarm] = Field(
        default_factory=list,
        description="Classes and providers of which what arrives diverges from V, of all "
        "partitions.",
        examples=[[]],
    )
    left_out: list[LeftOutPartition] = Field(
        description="States beside this API that other workers have taken over: not in the answer.",
        examples=[[]],
    )
