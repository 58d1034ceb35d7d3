"""The board of the worker: how long its updates take, how many sessions, and how current it is."""

from hcdv_stream.dashboards.board import Board
from hcdv_stream.dashboards.expressions import (
    buckets,
    budget_left,
    growth,
    largest,
    least,
    mean,
    over,
    per_second,
    quantile,
    share_of,
    total,
)
from hcdv_stream.dashboards.objectives import (
    DISK_FREE,
    LAG_RECORDS,
    RESIDUAL,
    SESSION_AGE_SECONDS,
    SILENCE_SECONDS,
    STALL_SECONDS,
    UPDATE_BUDGET,
    UPDATE_SECONDS,
)
from hcdv_stream.dashboards.panel import Panel, Query
from hcdv_stream.dashboards.process import process
from hcdv_stream.dashboards.row import BY_PARTITION, PARTITION, Row, quantiles

NOW = Row(
    "Now",
    [
        Panel(
            "Processes up",
            "Workers, APIs and gateways that answer Prometheus, by job.",
            "short",
            [Query(total("up", "job"), "{{job}}")],
            kind="stat",
            floor=1.0,
        ),
        Panel(
            "Examples",
            "Examples in the corpus, over all partitions.",
            "short",
            [Query(total("hcdv_examples"), "examples")],
            kind="stat",
        ),
        Panel(
            "Records behind",
            "Records in the log whose effect is not stored yet, over all partitions. More than a "
            "poll, 1,500, is red.",
            "short",
            [Query(total("hcdv_consumer_lag_records"), "records")],
            kind="stat",
            objective=LAG_RECORDS,
        ),
        Panel(
            "Update latency, p99",
            "99% of the polls were durable within this time of being handed over.",
            "s",
            [Query(quantile(0.99, "hcdv_update_latency_seconds"), "p99")],
            kind="stat",
            objective=UPDATE_SECONDS,
        ),
        Panel(
            "Efficiency residual",
            "Largest distance between the sum of all values and the value of the whole corpus. "
            "Above 1e-9 the values are wrong: stop paying by them and report it.",
            "sci",
            [Query(largest("hcdv_efficiency_residual"), "residual")],
            kind="stat",
            objective=RESIDUAL,
        ),
        Panel(
            "Dead letters",
            "Sessions rejected in the time range shown; their reasons are below.",
            "short",
            [Query(growth("hcdv_dead_letters_total", window="$__range"), "sessions")],
            kind="stat",
            objective=1.0,
        ),
    ],
    width=4,
    height=4,
)

LATENCY = Row(
    "Latency of an update",
    [
        Panel(
            "Update latency",
            "From a poll's hand-over to its effect being durable. The line is the objective of "
            "p99, 0.5 s, for polls of up to 1,500 sessions.",
            "s",
            quantiles("hcdv_update_latency_seconds"),
            objective=UPDATE_SECONDS,
        ),
        Panel(
            "Update latency, share over the objective",
            "Share of the polls that took longer than 0.5 s. Over the line, 1%, the error budget "
            "burns faster than it is given.",
            "percentunit",
            [Query(over("hcdv_update_latency_seconds", UPDATE_SECONDS), "slow")],
            objective=UPDATE_BUDGET,
        ),
        Panel(
            "Update latency, error budget left",
            "Of the polls in the time range shown, 1% may take longer than 0.5 s: how much of that "
            "is left. Below 0 it is overdrawn.",
            "percentunit",
            [
                Query(
                    budget_left(
                        over("hcdv_update_latency_seconds", UPDATE_SECONDS, "$__range"),
                        UPDATE_BUDGET,
                    ),
                    "left",
                )
            ],
            floor=0.0,
            least=None,
        ),
        Panel(
            "Update latency, distribution",
            "How many polls took how long: two bands mean two kinds of polls.",
            "s",
            [Query(buckets("hcdv_update_latency_seconds"), "{{le}}")],
            kind="heatmap",
        ),
        Panel(
            "Stage times, p99",
            "99% of the polls passed the stage within this time.",
            "s",
            [Query(quantile(0.99, "hcdv_stage_seconds", "stage"), "{{stage}}")],
        ),
        Panel(
            "Share of the time by stage",
            "Seconds that a stage took in each second, over all workers: where the sum nears the "
            "number of workers, they can take no more.",
            "percentunit",
            [Query(per_second("hcdv_stage_seconds_sum", "stage"), "{{stage}}")],
            stacked=True,
        ),
        Panel(
            "Mean size of a stage's work",
            "Records for decode, embed, route and ack; leaves played for games; leaves and nodes "
            "written for write.",
            "short",
            [Query(mean("hcdv_stage_items", "stage"), "{{stage}}")],
        ),
    ],
)


FRESHNESS = Row(
    "Throughput and freshness",
    [
        Panel(
            "Sessions a second",
            "Records that took effect, by partition.",
            "cps",
            [Query(per_second("hcdv_records_total", *PARTITION), BY_PARTITION)],
            stacked=True,
        ),
        Panel(
            "Bytes a second",
            "Bytes of keys and values read, by partition.",
            "Bps",
            [Query(per_second("hcdv_record_bytes_total", *PARTITION), BY_PARTITION)],
            stacked=True,
        ),
        Panel(
            "Records behind by partition",
            "Records in the log whose effect is not stored yet. Where it only grows, add workers "
            "(as many as there are partitions) or look at the stages.",
            "short",
            [Query(total("hcdv_consumer_lag_records", *PARTITION), BY_PARTITION)],
            objective=LAG_RECORDS,
        ),
        Panel(
            "Heartbeats that could not be written",
            "Beside the states, about one a second for each partition: without them readers do not "
            "know how current the state is, and refuse to vouch for it.",
            "cps",
            [Query(per_second("hcdv_heartbeat_failures_total", "instance"), "{{instance}}")],
        ),
        Panel(
            "Age of a session when it is durable",
            "Of a poll's oldest session, since it happened (event) and since it was appended to "
            "the log (append). A high event age alone means that the producers are late. The line, "
            "5 s, is for a worker that keeps up.",
            "s",
            [
                Query(quantile(share, "hcdv_record_age_seconds", "since"), f"p{name} {{{{since}}}}")
                for share, name in ((0.5, 50), (0.99, 99))
            ],
            objective=SESSION_AGE_SECONDS,
        ),
        Panel(
            "Time since the last batch",
            "Since a batch last became durable. With records behind, it is a stall: liveness fails "
            "at the line (HCDV_STALL_SECONDS).",
            "s",
            [Query(largest("hcdv_seconds_since_last_batch", "instance"), "{{instance}}")],
            objective=STALL_SECONDS,
        ),
        Panel(
            "Time since the broker answered",
            "A worker asks once a second where the logs end. Without an answer for 10 s it is not "
            "ready, and stays alive: restarting it brings no broker back.",
            "s",
            [Query(largest("hcdv_broker_silence_seconds", "instance"), "{{instance}}")],
            objective=SILENCE_SECONDS,
        ),
        Panel(
            "Answers of the broker a second",
            "Once a second for each worker is normal; less is a slow broker or network.",
            "cps",
            [Query(per_second("hcdv_broker_answers_total", "instance"), "{{instance}}")],
        ),
        Panel(
            "Times in the future a second",
            "Sessions whose event time is over an hour after their append time (event), and "
            "records whose append time is over an hour after the worker's clock (append): a "
            "producer's clock or unit of time is wrong.",
            "cps",
            [Query(per_second("hcdv_future_times_total", "time"), "{{time}}")],
        ),
        Panel(
            "Partitions owned, assignments",
            "Partitions of each worker, and how often the group gave partitions out: often is a "
            "group that does not settle.",
            "short",
            [
                Query(total("hcdv_assigned_partitions", "instance"), "owned by {{instance}}"),
                Query(growth("hcdv_group_assignments_total", "instance"), "assigned {{instance}}"),
            ],
        ),
        Panel(
            "Dead letters a second",
            "Sessions sent to the dead-letter topic, by reason. Each carries its reason and a "
            "sentence in its headers.",
            "cps",
            [Query(per_second("hcdv_dead_letters_total", "reason"), "{{reason}}")],
        ),
        Panel(
            "Redelivered records a second",
            "Records dropped because their effect was stored already: harmless, expected after a "
            "restart or a rebalance of the group.",
            "cps",
            [Query(per_second("hcdv_redelivered_records_total", *PARTITION), BY_PARTITION)],
        ),
    ],
)

DISK = Row(
    "State and disk",
    [
        Panel(
            "Free share of the disk",
            "What is free of the disk that a worker's states lie on. Below the line, 10%, make "
            "room: a worker whose disk is full stops.",
            "percentunit",
            [
                Query(
                    share_of(
                        least("hcdv_state_disk_free_bytes", "instance"),
                        largest("hcdv_state_disk_bytes", "instance"),
                    ),
                    "{{instance}}",
                )
            ],
            floor=DISK_FREE,
        ),
        Panel(
            "Size of the state",
            "Bytes of a partition's files. It grows with the corpus, and for a while with updates "
            "that RocksDB has yet to merge.",
            "bytes",
            [Query(total("hcdv_state_bytes", *PARTITION), BY_PARTITION)],
        ),
        Panel(
            "Files of the state",
            "Files of a partition's state. They go up and down; a number that only grows ends at "
            "the limit of descriptors.",
            "short",
            [Query(total("hcdv_state_files", *PARTITION), BY_PARTITION)],
        ),
        Panel(
            "Waiting to be written or rewritten",
            "Bytes that RocksDB holds in memory (buffer), and that it has yet to rewrite "
            "(compaction). Where the second only grows, the disk is too slow.",
            "bytes",
            [
                Query(total("hcdv_state_buffer_bytes", *PARTITION), f"buffer {BY_PARTITION}"),
                Query(
                    total("hcdv_state_pending_compaction_bytes", *PARTITION),
                    f"compaction {BY_PARTITION}",
                ),
            ],
        ),
        Panel(
            "Partitions whose writes are held back",
            "Partitions that RocksDB slows or stops, because it cannot rewrite as fast as it is "
            "written to. It should be 0.",
            "short",
            [Query(total("hcdv_state_writes_held_back", *PARTITION), BY_PARTITION)],
            objective=1.0,
        ),
    ],
)

BOARD = Board(
    "hcdv-latency",
    "hcdv: latency and throughput",
    "Is the worker fast, does it keep up, and what does it reject?",
    [NOW, LATENCY, FRESHNESS, DISK, process("The processes")],
)
