"""The one table of the worker's metrics: names, meaning, units and buckets.

Seconds and counts in base units, ``hcdv_`` in front, in a registry of their own that is passed in.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from hcdv_stream.runtime.memory_limit import memory_limit
from hcdv_stream.serving.metrics import ConnectionMetrics, build_info

STAGES = ("validate", "embed", "place", "play", "write", "acknowledge")
"""The way of a poll through a partition; ``acknowledge`` is that of the whole poll."""

SECONDS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0,
)  # fmt: skip
"""Edges for latencies; 0.1, 0.5 and 2 s are objectives, so shares under them are exact."""
AGES = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 86_400.0)
"""Edges for ages, up to a day."""
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)
"""Edges for numbers of things."""

PARTITION = ("topic", "partition")


class WorkerMetrics:
    """Every metric of a worker, registered once in ``registry``."""

    def __init__(self, registry: CollectorRegistry) -> None:  # noqa: PLR0915 - one table
        ProcessCollector(namespace="hcdv", registry=registry)
        self.build_info = build_info(registry)
        self.connections = ConnectionMetrics(registry)

        def histogram(
            name: str, about: str, edges: tuple[float, ...], labels: tuple[str, ...] = ()
        ) -> Histogram:
            return Histogram(name, about, labels, buckets=edges, registry=registry)

        def counter(name: str, about: str, labels: tuple[str, ...] = PARTITION) -> Counter:
            return Counter(name, about, labels, registry=registry)

        def gauge(name: str, about: str, labels: tuple[str, ...] = PARTITION) -> Gauge:
            return Gauge(name, about, labels, registry=registry)

        self.stage_seconds = histogram(
            "hcdv_stage_seconds", "Time that a stage took for one poll.", SECONDS, ("stage",)
        )
        self.stage_items = histogram(
            "hcdv_stage_items",
            "Size of a stage's work: records (validate, embed, place, acknowledge), "
            "leaves played (play), leaves and nodes written (write).",
            SIZES,
            ("stage",),
        )
        self.update_latency = histogram(
            "hcdv_update_latency_seconds",
            "From a poll's hand-over to its effect being durable, per partition in it.",
            SECONDS,
        )
        self.age = histogram(
            "hcdv_record_age_seconds",
            "Age of a poll's oldest session when its effect was durable, since its event time "
            "and since it was appended to the log.",
            AGES,
            ("since",),
        )
        self.records = counter("hcdv_records_total", "Records that took effect.")
        self.bytes = counter("hcdv_record_bytes_total", "Bytes of keys and values read.")
        self.skipped = counter(
            "hcdv_redelivered_records_total", "Records dropped because their effect was stored."
        )
        self.dead_letters = counter(
            "hcdv_dead_letters_total",
            "Sessions sent to the dead-letter topic.",
            (*PARTITION, "reason"),
        )
        self.future_times = counter(
            "hcdv_future_times_total",
            "Sessions whose event time is over an hour after their append time (event), which do "
            "not move the stream's event time, and records whose append time is over an hour "
            "after this worker's clock (append).",
            (*PARTITION, "time"),
        )
        self.updates = counter("hcdv_updates_total", "Updates of the tree completed.")
        self.spawned = counter("hcdv_leaves_spawned_total", "Leaves founded by a far session.")
        self.split = counter("hcdv_leaves_split_total", "Leaves split because they outgrew M.")
        self.merged = counter("hcdv_leaves_merged_total", "Leaves merged because they were small.")
        self.rebalances = counter("hcdv_tree_rebalances_total", "Rebalances of the tree.")
        self.labels = counter(
            "hcdv_label_records_total", "Labelled sessions that took effect.", (*PARTITION, "label")
        )
        self.doubtful = counter(
            "hcdv_doubtful_records_total",
            "Sessions that took effect whose label is probably wrong: doubt above 0.5.",
            (*PARTITION, "label"),
        )
        self.examples = gauge("hcdv_examples", "Examples in the corpus.")
        self.label_examples = gauge(
            "hcdv_label_examples", "Examples in the corpus by label.", (*PARTITION, "label")
        )
        self.leaves = gauge("hcdv_leaves", "Leaves of the tree.")
        self.leaves_by_fill = gauge(
            "hcdv_leaves_by_fill",
            "Leaves without an example (empty), with fewer than HCDV_MERGE_BELOW (small), up to "
            "half of HCDV_LEAF_SIZE (half), up to all of it (full), more (over).",
            (*PARTITION, "fill"),
        )
        self.nodes = gauge("hcdv_tree_nodes", "Inner nodes of the tree.")
        self.height = gauge("hcdv_tree_height", "Levels of the tree above its leaves.")
        self.drift = gauge(
            "hcdv_drift_distance",
            "Distance, 0 to 2, between the mean embedding of recent sessions and the corpus's.",
        )
        self.trusted_records = counter(
            "hcdv_trusted_records_total", "Trusted sessions that joined V."
        )
        self.validation_retired = counter(
            "hcdv_validation_retired_total", "Evaluators that left V by age or by number."
        )
        self.validation_examples = gauge(
            "hcdv_validation_examples", "Evaluators in V by label.", (*PARTITION, "label")
        )
        self.validation_least = gauge(
            "hcdv_validation_least",
            "Evaluators that V should keep of a label: HCDV_VALIDATION_LEAST, or as many as the "
            "bundle has if that is less.",
            (*PARTITION, "label"),
        )
        self.validation_age = gauge(
            "hcdv_validation_age_seconds",
            "How long before the stream's event time the newest evaluator of V lies; the bundle's "
            "are as old as the stream.",
        )
        self.divergence = gauge(
            "hcdv_divergence_ratio",
            "Evidence, 0 to 1, that arrivals of a label, or of all for an empty one, agree less "
            "with V than they did; at 1 an alarm begins.",
            (*PARTITION, "label"),
        )
        self.divergence_alarm = gauge(
            "hcdv_divergence_alarm",
            "1 while arrivals of a label, or of all for an empty one, diverge from V, 0 otherwise.",
            (*PARTITION, "label"),
        )
        self.provider_divergence_alarm = gauge(
            "hcdv_provider_divergence_alarm",
            "1 for each provider whose sessions diverge from V, at most 20 of them; 0 for an empty "
            "one, so that there is always a series.",
            (*PARTITION, "provider"),
        )
        self.residual = gauge(
            "hcdv_efficiency_residual",
            "Distance between the sum of all values and the value of the whole corpus.",
        )
        by_provider = (*PARTITION, "provider")
        self.provider_records = counter(
            "hcdv_provider_records_total",
            "Sessions by provider, those that sent most lately by name, all others as `other`.",
            by_provider,
        )
        self.provider_copies = counter(
            "hcdv_provider_copies_total",
            "Sessions that equal an example already there in features and label, by provider.",
            by_provider,
        )
        self.provider_foreign_ids = counter(
            "hcdv_provider_foreign_ids_total",
            "Sessions whose id belongs to another provider's example, by provider.",
            by_provider,
        )
        self.provider_doubts = counter(
            "hcdv_provider_doubts_total",
            "Sum of the doubts of sessions by provider; over its records, their mean doubt.",
            by_provider,
        )
        self.provider_doubtful = counter(
            "hcdv_provider_doubtful_records_total",
            "Sessions whose label is probably wrong, doubt above 0.5, by provider.",
            by_provider,
        )
        self.erasures = counter(
            "hcdv_erasures_total",
            "Times the bytes of deleted examples were removed from the state's files.",
        )
        self.erasure_overdue = gauge(
            "hcdv_erasure_overdue_seconds",
            "By how much the oldest deletion whose bytes may be left in the state's files is older "
            "than HCDV_ERASURE_SECONDS.",
        )
        self.verified_leaves = counter(
            "hcdv_verified_leaves_total", "Leaves replayed and compared with what is stored."
        )
        self.leaf_mismatches = counter(
            "hcdv_leaf_mismatches_total", "Leaves that differed from their replay."
        )
        self.lag = gauge(
            "hcdv_consumer_lag_records",
            "Records in the log behind the last effect, up to the last stable offset.",
        )
        self.heartbeat_failures = counter(
            "hcdv_heartbeat_failures_total",
            "Heartbeats that could not be written: readers do not know how current the state is.",
            (),
        )
        self.state_files = gauge("hcdv_state_files", "Files of the state.")
        self.state_bytes = gauge("hcdv_state_bytes", "Bytes of the state's files.")
        self.state_buffers = gauge(
            "hcdv_state_buffer_bytes", "Bytes that RocksDB holds in memory before it writes a file."
        )
        self.state_pending = gauge(
            "hcdv_state_pending_compaction_bytes",
            "Bytes that RocksDB has yet to rewrite; beyond its bounds it holds writes back.",
        )
        self.state_held_back = gauge(
            "hcdv_state_writes_held_back", "Whether RocksDB slows or stops writes now, 1 or 0."
        )
        self.disk_bytes = gauge("hcdv_state_disk_bytes", "Size of the states' disk.", ())
        self.disk_free = gauge(
            "hcdv_state_disk_free_bytes", "What is free of the states' disk.", ()
        )
        self.memory_limit = gauge(
            "hcdv_process_memory_limit_bytes",
            "Most memory that the process may take: its container's limit, or the machine's.",
            (),
        )
        self.memory_limit.set(memory_limit())
        self.complete = gauge(
            "hcdv_corpus_complete",
            "1 if the state begins where its log began, 0 if it is a truncated corpus.",
        )
        self.topic_keeps_all = gauge(
            "hcdv_topic_keeps_all",
            "1 if the topic's retention deletes nothing, 0 if it may; absent if that is unknown.",
            ("topic",),
        )
        self.ignored_deletions = counter(
            "hcdv_ignored_deletions_total",
            "Deletions of unknown ids on a compacted topic, which are no dead letters.",
        )
        self.partitions = gauge("hcdv_assigned_partitions", "Partitions owned by this worker.", ())
        self.assignments = counter(
            "hcdv_group_assignments_total", "Times the consumer group gave partitions out.", ()
        )
        self.broker_answers = counter(
            "hcdv_broker_answers_total",
            "Times the broker said where the logs end; it is asked once a second.",
            (),
        )
        self.broker_silence = gauge(
            "hcdv_broker_silence_seconds", "Time since the broker last answered.", ()
        )
        self.since_last_batch = gauge(
            "hcdv_seconds_since_last_batch",
            "Time since a batch last became durable, or since the start.",
            (),
        )

    @contextmanager
    def stage(self, name: str, items: int | None = None) -> Iterator[None]:
        """Time a stage; its size may be told afterwards, to ``stage_items``."""
        begin = time.perf_counter()
        yield
        self.stage_seconds.labels(name).observe(time.perf_counter() - begin)
        if items is not None:
            self.stage_items.labels(name).observe(items)

    def forget(self, topic: str, partition: str) -> None:
        """Drop the gauges of a partition that belongs to another worker now."""
        gauges = (
            self.examples, self.label_examples, self.leaves, self.leaves_by_fill, self.nodes,
            self.height, self.drift, self.residual, self.erasure_overdue, self.lag,
            self.state_files, self.state_bytes, self.state_buffers, self.state_pending,
            self.state_held_back, self.complete, self.validation_examples, self.validation_least,
            self.validation_age, self.divergence, self.divergence_alarm,
        )  # fmt: skip
        for gauge in gauges:
            gauge.remove_by_labels({"topic": topic, "partition": partition})
