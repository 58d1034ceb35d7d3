"""The faults of a trial, while sessions stream, and how long each held things up."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from typing import Any, TypeVar

from hcdv_stream.experiments.endurance.kafka_process import KafkaProcess
from hcdv_stream.experiments.endurance.plan import Plan
from hcdv_stream.experiments.endurance.proxy import FaultProxy
from hcdv_stream.experiments.endurance.topic_worker import TopicWorker

_BLIND = 0.25
"""Share of kills that come at any moment after the start, also before anything was read."""
_BLIND_SECONDS = 5.0
_HELD_BACK_SECONDS = 0.2
_BETWEEN_RESETS_SECONDS = 0.4

Found = Mapping[str, Any]
Answer = TypeVar("Answer")


def kill_workers(workers: Sequence[TopicWorker], plan: Plan) -> Found:
    """Kill every worker again and again, all at the same time."""
    shares = [
        plan.kills // len(workers) + (n < plan.kills % len(workers)) for n in range(len(workers))
    ]
    begin = time.monotonic()
    pauses = each(
        workers,
        lambda worker: _killed(worker, shares[workers.index(worker)], plan),
    )
    every = [pause for some in pauses for pause in some]
    return {
        "kills": sum(shares),
        "seconds": time.monotonic() - begin,
        "seconds_until_progress": spread(every),
    }


def _killed(worker: TopicWorker, kills: int, plan: Plan) -> list[float]:
    chance = random.Random(f"{plan.seed} {worker.topic}")
    pauses = []
    for _ in range(kills):
        if chance.random() < _BLIND:
            time.sleep(chance.random() * _BLIND_SECONDS)
        else:
            pauses.append(worker.wait_for_progress(plan.patience))
            time.sleep(chance.random() * 0.3)
        worker.kill()
        worker.start()
    return pauses


def kill_broker(workers: Sequence[TopicWorker], kafka: KafkaProcess, plan: Plan) -> Found:
    """Kill the broker and bring it back on its data, every time after everybody goes on."""
    chance = random.Random(plan.seed)
    pauses: list[float] = []
    for _ in range(plan.broker_kills):
        kafka.kill()
        time.sleep(chance.random() * 2.0)
        kafka.start()
        pauses += _all_go_on(workers, plan)
    return {"kills": plan.broker_kills, "seconds_until_progress": spread(pauses)}


def outage(workers: Sequence[TopicWorker], kafka: KafkaProcess, plan: Plan) -> Found:
    """Be without a broker for long."""
    kafka.kill()
    time.sleep(plan.outage_seconds)
    kafka.start()
    pauses = _all_go_on(workers, plan)
    return {"seconds": plan.outage_seconds, "seconds_until_progress": spread(pauses)}


def reset(workers: Sequence[TopicWorker], proxy: FaultProxy, plan: Plan) -> Found:
    """Reset every connection of the workers, again and again."""
    broken = 0
    for _ in range(plan.resets):
        broken += proxy.reset()
        time.sleep(_BETWEEN_RESETS_SECONDS)
    pauses = _all_go_on(workers, plan)
    return {
        "resets": plan.resets,
        "connections": broken,
        "seconds_until_progress": spread(pauses),
    }


def half_open(workers: Sequence[TopicWorker], proxy: FaultProxy, plan: Plan) -> Found:
    """Swallow everything for a while; the connections stay dead afterwards."""
    dead = proxy.half_open()
    time.sleep(plan.half_open_seconds)
    proxy.heal()
    pauses = _all_go_on(workers, plan)
    return {
        "seconds": plan.half_open_seconds,
        "connections": dead,
        "seconds_until_progress": spread(pauses),
    }


def slow(workers: Sequence[TopicWorker], proxy: FaultProxy, plan: Plan) -> Found:
    """Hold everything back that is sent between workers and broker."""
    proxy.delay(_HELD_BACK_SECONDS)
    time.sleep(plan.delay_seconds)
    proxy.heal()
    pauses = _all_go_on(workers, plan)
    return {
        "seconds": plan.delay_seconds,
        "held_back_seconds": _HELD_BACK_SECONDS,
        "seconds_until_progress": spread(pauses),
    }


def fill_disks(workers: Sequence[TopicWorker], plan: Plan) -> Found:
    """Let workers run into a disk that takes no more, then start them with room again."""
    chosen = workers[: plan.full_disks]

    def full(worker: TopicWorker) -> str | None:
        worker.wait_for_progress(plan.patience)
        ended = worker.fill_disk(plan.patience)
        worker.start()
        return f"status {ended.status}: {ended.said}" if ended else None

    said = each(chosen, full)
    pauses = _all_go_on(workers, plan)
    return {
        "disks": len(chosen),
        "ended_by_themselves": sum(one is not None for one in said),
        "said": [one for one in said if one is not None],
        "seconds_until_progress": spread(pauses),
    }


def spread(seconds: Sequence[float]) -> Mapping[str, float]:
    """Return count, median and maximum."""
    ordered = sorted(seconds)
    if not ordered:
        return {"count": 0}
    middle = ordered[len(ordered) // 2]
    return {"count": len(ordered), "median": middle, "max": ordered[-1]}


def _all_go_on(workers: Sequence[TopicWorker], plan: Plan) -> list[float]:
    return each(workers, lambda worker: worker.wait_for_progress(plan.patience))


def each(workers: Sequence[TopicWorker], action: Callable[[TopicWorker], Answer]) -> list[Answer]:
    """Do it for all workers at once, each in its own thread."""
    futures = [worker.thread.submit(action, worker) for worker in workers]
    wait(futures)
    return [future.result() for future in futures]
