"""What the topic deletes is asked for at the start and while the worker runs."""

import asyncio
import logging
import uuid

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from prometheus_client import CollectorRegistry

from hcdv_stream.broker.topics import Topic, create_topics
from hcdv_stream.settings import load_settings
from hcdv_stream.worker.kafka import log_guard
from hcdv_stream.worker.kafka.log_guard import LogGuard
from hcdv_stream.worker.metrics.definitions import WorkerMetrics

pytestmark = pytest.mark.broker

WARNING = "topic does not keep all records: a state cannot be rebuilt from it"


def set_retention(bootstrap: str, topic: str, milliseconds: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    config = {"retention.ms": str(milliseconds)}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)])
    admin.close()


def test_a_topic_that_deletes_is_warned_of_also_while_the_worker_runs(
    bootstrap: str,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    if request.node.callspec.params["bootstrap"] == "tansu":
        pytest.skip("Tansu does not say what it deletes")
    topic, hour = f"sessions-{uuid.uuid4().hex[:12]}", 3_600_000
    create_topics(bootstrap, [Topic(topic, 1, 1, {"retention.ms": str(hour)})])
    registry = CollectorRegistry()
    monkeypatch.setattr(log_guard, "_RETENTION_SECONDS", 0.0)
    # At DEBUG it leaves the Kafka client's logger, which other tests share, as it is.
    settings = load_settings(
        bootstrap=bootstrap, topic=topic, log_check_seconds=0.1, log_level="DEBUG"
    )
    guard = LogGuard(settings, WorkerMetrics(registry))

    def keeps_all() -> float | None:
        return registry.get_sample_value("hcdv_topic_keeps_all", {"topic": topic})

    def warnings() -> list[dict[str, str]]:
        return [vars(one)["hcdv_fields"] for one in caplog.records if one.message == WARNING]

    async def becomes(expected: float) -> None:
        async with asyncio.timeout(60):
            while keeps_all() != expected:
                await asyncio.sleep(0.05)

    async def alter() -> None:
        watching = asyncio.ensure_future(guard.watch())
        try:
            for milliseconds, expected in ((-1, 1), (2 * hour, 0)):
                await asyncio.to_thread(set_retention, bootstrap, topic, milliseconds)
                await becomes(expected)
        finally:
            watching.cancel()

    with caplog.at_level(logging.WARNING, logger=log_guard.__name__):
        guard.begin()
        try:
            assert keeps_all() == 0
            (said,) = warnings()
            assert said["topic"] == topic
            assert f"retention.ms={hour}" in said["found"]
            assert "retention.ms=-1" in said["needed"]
            asyncio.run(alter())
        finally:
            guard.close()
    assert [f"retention.ms={n * hour}" in one["found"] for n, one in enumerate(warnings(), 1)] == [
        True,
        True,
    ]
