"""What the API answers: one model per kind of answer, from which its OpenAPI page is made."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DoubtEvidence = Literal["validation", "examples", "seen"]
_VIEW = "1f0c93ab.0-208.1-204"


class Model(BaseModel):
    """Base of all models: immutable, and nothing in them that is not described."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class CorpusState(Model):
    """Whether the corpus holds everything that its log ever held."""

    complete: bool = Field(
        description="Whether every partition's state begins where its log began. If not, the "
        "corpus is truncated: payouts and `complete=true` are refused.",
        examples=[True],
    )
    begins_at: dict[str, int | None] = Field(
        description="By partition, the first Kafka offset that can be in the answer; null if its "
        "state does not say.",
        examples=[{"0": 0, "1": 0}],
    )


class AsOf(Model):
    """The one update of each partition that an answer was made from."""

    update: int = Field(
        description="Complete updates of the tree, over all partitions.", examples=[412]
    )
    updates: dict[str, int] = Field(
        description="The same by partition.", examples=[{"0": 208, "1": 204}]
    )
    offsets: dict[str, int] = Field(
        description="By partition, the first Kafka offset that is not in the answer yet.",
        examples=[{"0": 31215, "1": 30608}],
    )
    event_time: float = Field(
        description="Latest event time among the records in the answer, seconds since the epoch.",
        examples=[1764032461.25],
    )
    lag: int | None = Field(
        description="Records that wait in Kafka behind the answer, by what the broker said within "
        "a third of HCDV_API_STALE_SECONDS; null if nobody knows.",
        examples=[0],
    )
    age_seconds: float | None = Field(
        description="Seconds since the answer was last known to hold every record that was "
        "committed, in every partition; null if nobody knows.",
        examples=[0.42],
    )
    checked_at: float | None = Field(
        description="When the broker last said where the logs end, of the partition of which that "
        "is longest ago, epoch seconds; null if nobody knows.",
        examples=[1764032461.5],
    )
    view: str = Field(
        description="Name of the state answered from; a list can be asked for `at` it again.",
        examples=[_VIEW],
    )
    corpus: CorpusState


class WeightsUsed(Model):
    """How values were weighed."""

    utility: str = Field(
        description="`balanced`, `accuracy` or `class:<label>`.", examples=["balanced"]
    )
    beta: float = Field(description="The peers' share of the judgement.", examples=[0.5])
    lam: float = Field(
        alias="lambda", description="Weight of the cross-label contrast.", examples=[0.1]
    )
    payout: bool = Field(
        False,
        description="Whether these are the weights that payouts go by: what chance gives is taken "
        "off, and copies of an earlier example are worth 0.",
        examples=[False],
    )


class Answer(Model):
    """What every value-bearing answer says besides its values."""

    weights: WeightsUsed | None = Field(
        description="How values were weighed; null where the game fixed that when it was played."
    )
    as_of: AsOf
    missing_partitions: list[int] = Field(
        description="Partitions of the topic that the answer is without. "
        "Also in the header HCDV-Missing-Partitions.",
        examples=[[]],
    )
    stale_partitions: list[int] = Field(
        description="Partitions in the answer that no worker keeps current: it died, has lost the "
        "broker, or another has them now. Also in the header HCDV-Stale-Partitions.",
        examples=[[]],
    )


class Example(Model):
    """An example and what it is worth in the whole corpus."""

    id: str = Field(examples=["s000017"])
    label: str = Field(examples=["buy"])
    provider: str | None = Field(examples=["shop-a"])
    event_time: float = Field(description="Seconds since the epoch.", examples=[1764032401.5])
    value: float = Field(description="Shapley value in the whole corpus.", examples=[0.0000187])
    stderr: float = Field(
        description="Standard error of the value, over draws of V and of the other examples.",
        examples=[0.0000021],
    )
    rank: int | None = Field(
        description="From 1, highest value first, ties by id; null where it was not asked for.",
        examples=[52],
    )
    doubt: float | None = Field(
        description="The probability that its label is wrong, by the bundle's frozen doubt model; "
        "null where the bundle has none.",
        examples=[0.04],
    )
    suggested: str | None = Field(
        description="The class that the models find likeliest instead of its label.",
        examples=["bounce"],
    )
    doubt_evidence: DoubtEvidence | None = Field(
        description="What the doubt rests on: `validation`, `examples` or `seen`; see "
        "/v1/suspects.",
        examples=["validation"],
    )
    partition: int = Field(examples=[0])
    leaf: str = Field(description="Id of its leaf's coalition.", examples=["p0-l31"])
    path: list[str] = Field(
        description="Coalitions from its partition's root to its leaf.",
        examples=[["p0-n0", "p0-n4", "p0-l31"]],
    )


class ExampleAnswer(Answer, Example):
    """One example."""


class PageAnswer(Answer):
    """A page of a list: how long the list is, and where it goes on."""

    total: int = Field(description="How many match, of which these are a page.", examples=[61823])
    next: str | None = Field(
        description="Ask with this as `cursor` for the next page; null on the last one.",
        examples=["eyJ2IjoiMWYwYzkzYWIuMC0yMDguMS0yMDQifQ"],
    )


class ExamplesAnswer(PageAnswer):
    """Examples in the order of their values, or of their doubts."""

    examples: list[Example]


class BatchRequest(Model):
    """Which examples are asked for."""

    ids: list[str] = Field(
        min_length=1,
        max_length=1000,
        description="Up to 1,000 ids.",
        examples=[["s000017", "s000023"]],
    )


class BatchAnswer(Answer):
    """Examples in the order asked for, and the ids that are not there."""

    examples: list[Example]
    missing: list[str] = Field(examples=[["s999999"]])


class HistoryEntry(Model):
    """What an example was worth at one time."""

    update: int = Field(description="Complete updates of its partition's tree.", examples=[208])
    offset: int = Field(
        description="The first Kafka offset of its partition not in it.", examples=[31215]
    )
    event_time: float = Field(
        description="Latest event time in its partition, epoch seconds.", examples=[1764032461.25]
    )
    written_at: float = Field(
        description="When that state was written, epoch seconds.", examples=[1764032461.9]
    )
    examples: int = Field(description="Examples of the whole corpus then.", examples=[61823])
    value: float = Field(description="Its value in the whole corpus then.", examples=[0.0000187])
    stderr: float = Field(description="Standard error of that value.", examples=[0.0000021])
    leaf: str = Field(examples=["p0-l31"])


class HistoryAnswer(Answer):
    """How an example's value came to be what it is, oldest first; the last entry is now's."""

    id: str = Field(examples=["s000017"])
    history: list[HistoryEntry] = Field(
        description="At most HCDV_API_HISTORY_VIEWS states, dense near now and sparse before; "
        "states before the example was there, and before the API started, are not among them."
    )
    reach: float | None = Field(
        description="When the oldest state that is kept was written, epoch seconds.",
        examples=[1764028861.0],
    )


class ValuedCoalition(Model):
    """A leaf or an inner node of a partition's tree."""

    id: str = Field(
        description="`p<partition>-l<leaf>` or `p<partition>-n<node>`.", examples=["p0-n4"]
    )
    kind: Literal["leaf", "node"] = Field(examples=["node"])
    partition: int = Field(examples=[0])
    height: int = Field(description="Levels above the leaves; 0 for a leaf.", examples=[1])
    parent: str | None = Field(examples=["p0-n0"])
    examples: int = Field(examples=[901])
    classes: dict[str, int] = Field(
        description="Examples by class label.", examples=[{"bounce": 760, "buy": 141}]
    )
    value: float = Field(
        description="Sum of its examples' values in the whole corpus.", examples=[0.0121]
    )
    stderr: float = Field(
        description="Standard error of that sum, over draws of V for these examples.",
        examples=[0.0009],
    )


class CoalitionsAnswer(PageAnswer):
    """Coalitions, highest value first."""

    coalitions: list[ValuedCoalition]


class CoalitionAnswer(Answer, ValuedCoalition):
    """One coalition."""

    children: list[str] = Field(examples=[["p0-l31", "p0-l32"]])
    path: list[str] = Field(
        description="Coalitions from its partition's root to its parent.", examples=[["p0-n0"]]
    )


class Provider(Model):
    """A data provider and what its examples are worth together."""

    provider: str | None = Field(
        description="null: the examples that name no provider.", examples=["shop-a"]
    )
    examples: int = Field(examples=[20400])
    value: float = Field(examples=[0.231])
    share: float | None = Field(
        description="Part of the value of all examples; null where that is not positive.",
        examples=[0.34],
    )
    stderr: float = Field(
        description="Conservative: absolute errors within a leaf, squares across leaves.",
        examples=[0.004],
    )
    arrivals: int = Field(
        description="Sessions that it has sent since the beginning, replacements among them.",
        examples=[21800],
    )
    copies: int = Field(
        description="Of these, how many equalled an example already there in features and label.",
        examples=[12],
    )
    foreign_ids: int = Field(
        description="Of these, how many had the id of another provider's example, whether they "
        "replaced it or were rejected.",
        examples=[0],
    )
    mean_doubt: float | None = Field(
        description="Mean doubt of its examples: the share of their labels that is probably wrong; "
        "null where they have none.",
        examples=[0.08],
    )
    doubtful: int = Field(description="Its examples with a doubt above 0.5.", examples=[1130])
    doubtful_share: float | None = Field(
        description="The share of these among its examples that have a doubt; null where none has.",
        examples=[0.055],
    )


class ProvidersAnswer(PageAnswer):
    """Providers, highest value first."""

    providers: list[Provider]
    value: float = Field(description="Sum of the values of all examples.", examples=[0.68])


class SelectAnswer(Answer):
    """Examples to train on."""

    strategy: Literal["spread", "top"] = Field(examples=["spread"])
    share: float = Field(examples=[0.3])
    seed: int = Field(examples=[0])
    count: int = Field(description="How many were chosen.", examples=[18547])
    total: int = Field(description="Of how many.", examples=[61823])
    classes: dict[str, int] = Field(
        description="How many of each class.", examples=[{"bounce": 9274, "buy": 9273}]
    )
    ids: list[str] = Field(description="Ascending.", examples=[["s000017", "s000023"]])


class LeftOutPartition(Model):
    """A state of this machine whose partition another worker owns: it is in no answer."""

    partition: int = Field(examples=[2])
    examples: int = Field(examples=[30608])
    next_offset: int = Field(examples=[30608])
    stale: Literal[True] = Field(True, examples=[True])
    since: float | None = Field(
        description="When it was let go, epoch seconds.", examples=[1764032461.9]
    )
    reason: str | None = Field(examples=["another worker has had it for 42 s"])


class FreshnessEvent(Model):
    """The data of an event: the state is the same, and how current it is has changed."""

    as_of: AsOf
    stale_partitions: list[int] = Field(examples=[[]])
    missing_partitions: list[int] = Field(examples=[[]])


class UpdateEvent(Model):
    """The data of an event: the state has moved on to this one."""

    as_of: AsOf
    examples: int = Field(examples=[61823])
    written_at: float = Field(
        description="When its newest update was written, epoch seconds.", examples=[1764032461.9]
    )
    latency: float = Field(
        description="Seconds from the broker's append of that update's newest record to its write.",
        examples=[0.14],
    )
    missing_partitions: list[int] = Field(examples=[[]])
    stale_partitions: list[int] = Field(examples=[[]])


class Liveness(Model):
    """The answer of a probe."""

    status: Literal["ok"] = Field("ok", examples=["ok"])


class ReadinessCheck(Model):
    """One thing that readiness depends on, and how it is."""

    name: str = Field(examples=["partition 0"])
    ok: bool = Field(examples=[True])
    detail: str = Field(examples=["update 208, 31,215 examples, lag 0, written 0.4 s ago"])


class Readiness(Liveness):
    """Whether requests can be answered; ``verbose`` says what that rests on."""

    checks: list[ReadinessCheck] | None = Field(None, description="With `verbose`.")


class InvalidField(Model):
    """A parameter that was refused."""

    field: str = Field(examples=["beta"])
    detail: str = Field(examples=["'3' cannot be used: choose at most 1"])


class ProblemDetails(Model):
    """An error, as RFC 9457 writes it."""

    type: str = Field(
        description="`about:blank`, or `urn:hcdv-stream:problem:<name>`.",
        examples=["urn:hcdv-stream:problem:unknown-example"],
    )
    title: str = Field(examples=["Unknown example"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no example 's000017' in the corpus as of now"])
    instance: str | None = Field(
        default=None,
        description="Path that was asked for; left out where the request was too large to be read.",
        examples=["/v1/examples/s000017"],
    )
    errors: list[InvalidField] | None = Field(
        default=None, description="With status 422: each parameter that was refused."
    )
    checks: list[ReadinessCheck] | None = Field(
        default=None, description="Of /readyz?verbose: what readiness rests on."
    )
