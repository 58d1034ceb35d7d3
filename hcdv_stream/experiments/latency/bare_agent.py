"""The least that a Faust agent can do, decode JSON and acknowledge: the worker's yardstick.

``python -m hcdv_stream.experiments.latency.bare_agent`` runs it, configured like the worker by
``HCDV_*``. It counts its records under the worker's name for them, on the worker's metrics port.
"""

import asyncio
import signal
import time
from collections.abc import Iterable
from typing import Any

import faust
import orjson
from faust.app.base import BootStrategy
from mode import CrashingSupervisor
from prometheus_client import CollectorRegistry

from hcdv_stream.settings import Settings, load_settings
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.supervision.health import WorkerHealth
from hcdv_stream.worker.supervision.server import MetricsServer


class _BareBoot(BootStrategy):
    enable_web = False
    enable_sensors = False

    def web_server(self) -> Iterable[Any]:
        return []


class _Bare(faust.App):
    BootStrategy = _BareBoot

    def _create_directories(self) -> None:
        """Put nothing into the working directory."""


def bare_app(settings: Settings, metrics: WorkerMetrics) -> Any:
    """Return the app: the worker's settings of Faust, and an agent that only decodes and acks."""
    app = _Bare(
        settings.group,
        broker=[f"aiokafka://{address}" for address in settings.bootstrap.split(",")],
        key_serializer="raw",
        value_serializer="raw",
        agent_supervisor=CrashingSupervisor,
        broker_max_poll_records=settings.poll_records,
        broker_commit_interval=settings.commit_seconds,
        broker_session_timeout=settings.session_timeout_seconds,
        broker_rebalance_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=settings.heartbeat_seconds,
        stream_buffer_maxsize=max(4096, 2 * settings.poll_records),
        consumer_auto_offset_reset="earliest",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    records = metrics.records.labels(settings.topic, "all")

    @app.agent(app.topic(settings.topic, key_type=bytes, value_type=bytes), concurrency=1)
    async def _sessions(stream: Any) -> None:
        async for events in stream.noack_take(settings.poll_records, within=settings.poll_seconds):
            for event in events:
                orjson.loads(event.message.value)
            for event in events:
                await stream.ack(event)
            records.inc(len(events))

    return app


async def _run(settings: Settings, metrics: WorkerMetrics) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    app = bare_app(settings, metrics)
    app.in_worker = True
    await app.start()
    await stopping.wait()
    await app.stop()


def main() -> None:
    """Consume until SIGTERM."""
    settings = load_settings()
    registry = CollectorRegistry()
    metrics = WorkerMetrics(registry)
    health = WorkerHealth(settings.stall_seconds, time.monotonic)
    with MetricsServer(
        settings.metrics_host, settings.metrics_port, registry, health, metrics.connections
    ):
        asyncio.run(_run(settings, metrics))


if __name__ == "__main__":
    main()
