"""What a gateway and the APIs behind it exchange: views, and queries to shards."""

from pydantic import Field

from hcdv_stream.api.models.answers import Model
from hcdv_stream.state.heartbeat import Heartbeat


class Weighing(Model):
    """The weights to read values under; None stands for those that the game fixed."""

    utility: str
    beta: float
    lam: float
    payout: bool = False


class PartitionState(Model):
    """How far a partition is in a view, and what its owner last said."""

    number: int
    examples: int
    updates: int
    next_offset: int
    heartbeat: Heartbeat | None
    begins_at: int | None = None
    complete: bool = False
    event_time: float
    written_at: float
    latency: float


class ViewState(Model):
    """A view: which states it is of, and what fits together with it.

    ``now`` is the time by the clock that the heartbeats' times are of; ``partitions`` also has the
    states of those that other workers own. The topic's id and number of partitions are those that
    the states were computed from, None if they do not say.
    """

    now: float = Field(allow_inf_nan=False)
    key: str
    topic: str
    fingerprint: str
    topic_id: str | None = None
    topic_partitions: int | None = None
    game: str
    bundle: str
    classes: list[str]
    validation: list[int]
    partitions: list[PartitionState]


class ShardRequest(Model):
    """A query to an API about some of its partitions in one of its views.

    The query's name and parameters are ``operation`` and ``asked`` in JSON, the number of examples
    in the whole corpus is ``whole``.
    """

    view: str
    partitions: list[int]
    corpus_size: int = Field(alias="whole")
    weights: Weighing | None
    query: str = Field(alias="operation")
    parameters: dict[str, object] = Field(default_factory=dict, alias="asked")
