"""Runs a worker in this process until it is asked to stop."""

import asyncio
import logging
import os
import signal
import sys
import time
from contextlib import suppress

import numpy as np
from prometheus_client import CollectorRegistry

from hcdv_stream.broker.groups import group_facts
from hcdv_stream.broker.topics import partition_counts
from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.errors import HcdvError
from hcdv_stream.runtime.blas import one_blas_thread
from hcdv_stream.runtime.file_descriptors import raise_descriptor_limit
from hcdv_stream.runtime.garbage_collection import freeze_loaded_objects
from hcdv_stream.runtime.logs import fields
from hcdv_stream.runtime.systemd import notify
from hcdv_stream.runtime.thread_pool import full_pool
from hcdv_stream.settings import Settings
from hcdv_stream.state.next_offset import read_next_offset
from hcdv_stream.worker.app import WorkerApp, build_app
from hcdv_stream.worker.context import WorkerContext
from hcdv_stream.worker.kafka.instance_id import NONE, Instance
from hcdv_stream.worker.kafka.log_guard import LogGuard
from hcdv_stream.worker.kafka.membership import Membership
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.metrics.state_files import measure_states
from hcdv_stream.worker.ownership import Ownership
from hcdv_stream.worker.partition import Partition, directory_of
from hcdv_stream.worker.supervision.deadline import STOP_SECONDS, end_process_after
from hcdv_stream.worker.supervision.erasure import erase_when_due
from hcdv_stream.worker.supervision.health import WorkerHealth
from hcdv_stream.worker.supervision.heartbeats import mark_moved_states, write_heartbeats
from hcdv_stream.worker.supervision.leaf_sample import MismatchError
from hcdv_stream.worker.supervision.server import MetricsServer
from hcdv_stream.worker.supervision.supervisor import supervise
from hcdv_stream.worker.supervision.verification import verify_leaves

log = logging.getLogger(__name__)

_SHORT_SESSION_SECONDS = 6.0
SCRAPED_SECONDS = 20.0
"""How long a worker that found a mismatch stays, so that its metrics are seen and alert."""


def run_worker(settings: Settings) -> None:
    """Consume, value and store until SIGTERM or SIGINT; then finish the poll in hand and leave.

    Raises HcdvError for what a person must mend, and whatever else stopped the worker: it must be
    started anew then, and goes on where its state ends.
    """
    raise_descriptor_limit()
    bundle = Bundle.load(settings.bundle)
    settings.weights.per_class(bundle.classes, bundle.validation.counts(len(bundle.classes)))
    partitions, letter_partitions = _partitions(settings)
    facts = group_facts(settings.bootstrap, settings.group, settings.topic)
    patience_seconds = settings.session_timeout_seconds
    if not facts.forgets_names:
        settings = _without_instance_name(settings)
    registry = CollectorRegistry()
    metrics = WorkerMetrics(registry)
    health = WorkerHealth(settings.stall_seconds, time.monotonic)
    metrics.since_last_batch.set_function(lambda: health.since_last_batch)
    metrics.broker_silence.set_function(lambda: health.silence)
    guard = LogGuard(settings, metrics)
    guard.begin()
    ownership = Ownership(
        lambda number: _open(number, settings, bundle, metrics, guard),
        lock_seconds=2 * settings.session_timeout_seconds,
        stored=stored_offsets(settings, partitions),
    )
    instance = Instance.take(settings)
    membership = Membership(
        settings.topic,
        instance.name,
        patience_seconds,
        settings.poll_records,
        ownership.offsets,
        facts.committed,
    )
    context = WorkerContext(
        settings,
        ownership,
        guard,
        metrics,
        health,
        membership,
        partitions,
        letter_partitions,
        facts,
    )
    metrics.partitions.set_function(lambda: len(ownership.partitions))
    freeze_loaded_objects()
    with MetricsServer(
        settings.metrics_host,
        settings.metrics_port,
        registry,
        health,
        metrics.connections,
        allowed_hosts=settings.allowed_hosts,
    ) as server:
        log.info(
            "metrics listening",
            extra=fields(host=settings.metrics_host, port=server.port, pid=os.getpid()),
        )
        notify("READY=1")
        with one_blas_thread():
            asyncio.run(_run(context))
    instance.release()
    log.info("worker stopped")


async def _run(context: WorkerContext) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(full_pool("worker"))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        await _work(context, stopping)
    except MismatchError as error:
        # The metrics say it until Prometheus has seen them; nothing is consumed any more.
        log.error("leaf differs from its replay", extra=fields(error=str(error)))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), SCRAPED_SECONDS)
        raise


async def _work(context: WorkerContext, stopping: asyncio.Event) -> None:
    app = build_app(context)
    app.in_worker = True
    generator = np.random.default_rng([context.settings.seed, time.time_ns()])
    verifying = verify_leaves(context.ownership, generator, context.settings.verify_seconds)
    duties = (
        stopping.wait(),
        _run_app(app),
        supervise(app, context),
        write_heartbeats(context.ownership),
        mark_moved_states(app, context),
        verifying,
        erase_when_due(context),
        measure_states(context),
        context.guard.watch(),
    )
    tasks = [asyncio.ensure_future(duty) for duty in duties]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        failure = sys.exception()
        notify("STOPPING=1")
        context.guard.stop()
        app.letters.stop()
        end_process_after(STOP_SECONDS, lambda: failure or app.crash_reason)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await stop_app(app, failure)
        await _release(context)
        context.guard.close()
    if app.crash_reason is not None:
        raise app.crash_reason


def _open(
    number: int, settings: Settings, bundle: Bundle, metrics: WorkerMetrics, guard: LogGuard
) -> Partition:
    log_now = guard.log_of(number)
    return Partition.open(settings, number, bundle, metrics, log_now, compacted=guard.compacted)


async def stop_app(app: WorkerApp, failure: BaseException | None) -> None:
    """Stop the app; that it cannot be stopped cleanly does not bury why the worker stops.

    Where its consumer has crashed, the event loop of the consumer's thread is closed already.
    """
    try:
        await app.stop()
    except asyncio.CancelledError:  # a commit in hand is given up, not the stop
        pass
    except Exception as error:
        if failure is None and app.crash_reason is None:
            raise
        log.warning("app stopped with an error", extra=fields(error=repr(error)))


async def _release(context: WorkerContext) -> None:
    """Close the partitions; a failure is logged, so that it does not bury why the worker stops."""
    try:
        await context.ownership.release()
    except HcdvError as error:
        log.warning("partition closed with an error", extra=fields(error=str(error)))


async def _run_app(app: WorkerApp) -> None:
    """Start the app and return when it has crashed."""
    await app.start()
    await app.wait_until_stopped()


def _without_instance_name(settings: Settings) -> Settings:
    """Return settings for a broker on which named members block the group when they are gone."""
    seconds = min(settings.session_timeout_seconds, _SHORT_SESSION_SECONDS)
    if settings.instance != NONE:
        log.info(
            "the broker does not forget named members: this worker joins without a name",
            extra=fields(session_timeout_seconds=seconds),
        )
    # On Tansu, the only one known, joining takes as long as a session.
    return settings.model_copy(update={"instance": NONE, "session_timeout_seconds": seconds})


def stored_offsets(settings: Settings, partitions: int) -> dict[int, int]:
    """Return the next offset of every state of the topic that lies in the state directory."""
    found = {n: read_next_offset(directory_of(settings, n)) for n in range(partitions)}
    return {number: offset for number, offset in found.items() if offset is not None}


def _partitions(settings: Settings) -> tuple[int, int]:
    """Count the partitions of the two topics, which must be there."""
    names = (settings.topic, settings.dead_letter_topic)
    counts = partition_counts(settings.bootstrap, names)
    missing = [name for name in names if not counts[name]]
    if missing:
        raise HcdvError(
            f"there is no topic {' and no topic '.join(map(repr, missing))} at "
            f"HCDV_BOOTSTRAP={settings.bootstrap}: make them with `hcdv-stream topics create`"
        )
    return counts[names[0]], counts[names[1]]
