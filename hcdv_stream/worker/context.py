"""The objects that the tasks of a running worker share."""

from dataclasses import dataclass

from hcdv_stream.broker.groups import GroupFacts
from hcdv_stream.settings import Settings
from hcdv_stream.worker.kafka.log_guard import LogGuard
from hcdv_stream.worker.kafka.membership import Membership
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.ownership import Ownership
from hcdv_stream.worker.supervision.health import WorkerHealth


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What ``run`` builds once and passes to the app and to the supervision tasks.

    ``partitions`` and ``letter_partitions`` count those of the two topics. ``facts`` is what the
    broker answered before the worker joined its group.
    """

    settings: Settings
    ownership: Ownership
    guard: LogGuard
    metrics: WorkerMetrics
    health: WorkerHealth
    membership: Membership
    partitions: int
    letter_partitions: int
    facts: GroupFacts
