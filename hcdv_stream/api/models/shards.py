"""What a sidecar says of its partitions to whoever merges them: itself, or a gateway.

Values are already those in the whole corpus, whose size the question says; sums over points come as
floats that add up to them exactly. JSON writes floats so that they are read back to the bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import ConfigDict, Field

from hcdv_stream.api.models import live_page
from hcdv_stream.api.models.answers import (
    Counters,
    Model,
    PartitionSummary,
    Point,
    ValuedCoalition,
)
from hcdv_stream.state.heartbeat import Heartbeat

Order = Literal["desc", "asc"]
Kind = Literal["leaf", "node", "root"]


class Weighing(Model):
    """The weights to read values under; None stands for those that the game fixed."""

    utility: str
    beta: float
    lam: float


class PartitionState(Model):
    """How far a partition is in a view, and what its owner last said."""

    number: int
    points: int
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


class Nothing(Model):
    """A question that needs no more words."""


class PointFilter(Model):
    """Which points are meant: those that meet every condition that is not None."""

    provider: str | None = None
    anonymous: bool = False
    label: str | None = None
    coalition: str | None = None
    min_value: float | None = None
    max_value: float | None = None
    since: float | None = None
    until: float | None = None

    @property
    def all(self) -> bool:
        """Whether it lets every point through."""
        return self == _EVERYTHING


_EVERYTHING = PointFilter()


class Place(Model):
    """A point's place in the ranking: points of equal value are ranked by id."""

    value: float
    id: str


class Find(Model):
    """Points by id."""

    ids: list[str]


class FoundPoints(Model):
    """The points that there are, in any order."""

    points: list[Point]


class PointsPage(Model):
    """So many points behind a place."""

    order: Order
    limit: int
    after: Place | None = None
    only: PointFilter = Field(default_factory=PointFilter)


class PointsPart(Model):
    """The first of the points that match, in order, and how many match at all."""

    points: list[Point]
    total: int


class Ahead(Model):
    """How many points are of a better rank than each of these places?"""

    places: list[Place]


class AheadPart(Model):
    """The counts, in the same order."""

    counts: list[int]


class CoalitionPlace(Model):
    """A coalition's place: equal values are ordered by partition, then by number."""

    value: float
    partition: int
    number: int
    leaf: bool


class CoalitionsPage(Model):
    """So many coalitions behind a place, most valuable first."""

    kind: Kind | None = None
    partition: int | None = None
    limit: int
    after: CoalitionPlace | None = None


class CoalitionsPart(Model):
    """The first of the coalitions that match, in order, and how many match at all."""

    coalitions: list[ValuedCoalition]
    total: int


class CoalitionAsked(Model):
    """One coalition by its id."""

    id: str


class CoalitionDetail(ValuedCoalition):
    """A coalition with its way down and its children."""

    children: list[str]
    path: list[str]


class CoalitionPart(Model):
    """The coalition, None where there is none."""

    coalition: CoalitionDetail | None


class ProviderPart(Model):
    """A provider's points in some partitions; ``values`` add up to their value exactly."""

    provider: str | None
    points: int
    values: list[float]
    variances: list[float]
    arrivals: int = 0
    copies: int = 0
    foreign: int = 0


class ProvidersAsked(Model):
    """So many providers from a place on: a table may be long."""

    start: int = 0
    limit: int = 4096


class ProvidersPart(Model):
    """Providers of some partitions, in any order, and where to go on; None: these were the last."""

    providers: list[ProviderPart]
    next: int | None = None


class SummaryPart(Counters):
    """Some partitions in numbers that add up; ``values`` and ``totals`` do so exactly."""

    leaves: int
    nodes: int
    classes: list[int]
    values: list[float]
    totals: list[float]
    partitions: list[PartitionSummary]


class RowsAsked(Model):
    """Points of one partition, from this leaf on; ``errors``: also everything but the value."""

    partition: int
    leaf: int = 0
    whole: bool = True


class RowsPart(Model):
    """Some rows as an Arrow stream, and the leaf to go on from, None at the end."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    table: bytes
    next: int | None


class HistoryPoint(Model):
    """What a point was worth in its own partition, of so many points, in a kept view.

    ``view_at`` is when the view's newest update was written, ``written_at`` the partition's.
    """

    view_at: float
    written_at: float
    update: int
    offset: int
    event_time: float
    points: int
    value: float
    stderr: float
    leaf: str


class HistoryPart(Model):
    """The states of a point that are kept, oldest first, and when the oldest of all was written."""

    entries: list[HistoryPoint]
    reach: float | None


class CorpusSize(Model):
    """How many points some partitions had at a time."""

    written_at: float
    points: int


class SizesPart(Model):
    """The sizes of the states that are kept, oldest first."""

    sizes: list[CorpusSize]


Asked = TypeVar("Asked", bound=Model)
Told = TypeVar("Told", bound=Model)


@dataclass(frozen=True, slots=True)
class Operation(Generic[Asked, Told]):
    """A question that a shard can be asked: its name, and the models of question and answer."""

    name: str
    asked: type[Asked]
    told: type[Told]


FIND = Operation("find", Find, FoundPoints)
POINTS = Operation("points", PointsPage, PointsPart)
AHEAD = Operation("ahead", Ahead, AheadPart)
COALITIONS = Operation("coalitions", CoalitionsPage, CoalitionsPart)
COALITION = Operation("coalition", CoalitionAsked, CoalitionPart)
PROVIDERS = Operation("providers", ProvidersAsked, ProvidersPart)
SUMMARY = Operation("summary", Nothing, SummaryPart)
ROWS = Operation("rows", RowsAsked, RowsPart)
HISTORY = Operation("history", CoalitionAsked, HistoryPart)
SIZES = Operation("sizes", Nothing, SizesPart)
TREE = Operation("tree", live_page.TreeAsked, live_page.TreePart)
EXTREMES = Operation("extremes", Nothing, live_page.Extremes)
SPREAD = Operation("spread", live_page.SpreadAsked, live_page.SpreadPart)
WHY = Operation("why", live_page.WhyAsked, live_page.WhyPart)
UPDATES = Operation("updates", Nothing, live_page.UpdatesPart)

OPERATIONS: Mapping[str, Operation[Any, Any]] = {
    each.name: each
    for each in (
        FIND,
        POINTS,
        AHEAD,
        COALITIONS,
        COALITION,
        PROVIDERS,
        SUMMARY,
        ROWS,
        HISTORY,
        SIZES,
        TREE,
        EXTREMES,
        SPREAD,
        WHY,
        UPDATES,
    )
}
"""All questions by name."""


class ShardQuestion(Model):
    """A question to a sidecar about some of its partitions in one of its views.

    ``whole`` is how many points the whole corpus has.
    """

    view: str
    partitions: list[int]
    whole: int
    weights: Weighing | None
    operation: str
    asked: dict[str, object] = Field(default_factory=dict)
