"""How much of each fault a trial has, and what it streams meanwhile."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Counts and seconds of the faults; workers, their partitions, and records a second over all.

    ``patience`` is the longest wait for a worker to go on after a fault.
    """

    kills: int = 400
    broker_kills: int = 10
    outage_seconds: float = 60.0
    resets: int = 100
    half_open_seconds: float = 40.0
    delay_seconds: float = 10.0
    full_disks: int = 6
    workers: int = 6
    partitions: int = 2
    rate: float = 60.0
    first: int = 3_000
    patience: float = 300.0
    seed: int = 0


SMALL = Plan(
    kills=4,
    broker_kills=1,
    outage_seconds=3.0,
    resets=3,
    half_open_seconds=5.0,
    delay_seconds=1.0,
    full_disks=1,
    workers=2,
    partitions=1,
    rate=40.0,
    first=200,
)
