"""What a worker is made of, put together once (``run``) and handed to its app."""

from dataclasses import dataclass

from hcdv_stream.broker.groups import GroupFacts
from hcdv_stream.settings import Settings
from hcdv_stream.worker.kafka.log_guard import LogGuard
from hcdv_stream.worker.kafka.membership import Membership
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.ownership import Ownership
from hcdv_stream.worker.supervision.health import Health


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts; ``partitions`` and ``letter_partitions`` count those of the two topics.

    ``facts`` is what the broker said before the worker joined its group.
    """

    settings: Settings
    ownership: Ownership
    guard: LogGuard
    metrics: WorkerMetrics
    health: Health
    membership: Membership
    partitions: int
    letter_partitions: int
    facts: GroupFacts
