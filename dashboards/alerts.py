"""When somebody should look, and where it is written what to do."""

from collections.abc import Callable

from hcdv_stream.dashboards.objectives import (
    DISK_FREE,
    DOUBTFUL_RISE,
    EXAMPLE_BUDGET,
    FAILED_BUDGET,
    FILES_USED,
    LAG_RECORDS,
    LOOK_SECONDS,
    MEMORY_USED,
    PROVIDER_DOUBT_RISE,
    RESIDUAL,
    UPDATE_BUDGET,
)
from hcdv_stream.dashboards.recordings import (
    FAILED,
    LAG,
    LATE,
    REJECTED,
    doubtful,
    failed,
    provider_doubt,
    provider_rate,
    slow_point_reads,
    slow_updates,
)
from hcdv_stream.dashboards.rules import Alert, Condition, Group, Severity

FAST, SLOW = (14.4, "5m", "1h"), (6.0, "30m", "6h")
"""At so many times the rate that a month's budget allows, in a short and a long window, it is gone
in two days, or in five."""


def _burning(
    recorded: Callable[[str], str], budget: float, times: float, short: str, long: str
) -> list[Condition]:
    form = f"{{}} > {times * budget:g}"
    return [Condition(recorded(window), form) for window in (short, long)]


def _arrivals(window: str) -> str:
    rate = provider_rate(window)
    return f'{rate}{{provider!="other"}} / on (topic) group_left () sum by (topic) ({rate})'


LEVELS: tuple[tuple[tuple[float, str, str], str, Severity, str], ...] = (
    (FAST, "2m", "critical", "two"),
    (SLOW, "15m", "warning", "five"),
)
"""Rates at which a budget burns, how long each must hold, and what it means."""
DISK_LEVELS: tuple[tuple[float, Severity], ...] = ((0.03, "critical"), (DISK_FREE, "warning"))

_HAS_EXAMPLES = Condition("hcdv_label_examples", "{} > 0")

_WORKER = [
    Alert(
        "WorkerDown",
        [
            [Condition('up{job="hcdv-worker"}', "{} == 0")],
            [Condition('up{job="hcdv-worker"}', "absent({})")],
        ],
        "1m",
        "critical",
        "{{ with $labels.instance }}Worker {{ . }} is down{{ else }}No worker runs{{ end }}",
        "Prometheus cannot scrape it, or knows of none. Its partitions go to other workers, where "
        "there are any.",
    ),
    Alert(
        "BrokerSilent",
        [[Condition("hcdv_broker_silence_seconds", "{} > 60")]],
        "1m",
        "critical",
        "No broker has answered {{ $labels.instance }} for {{ $value | humanizeDuration }}",
        "Nothing is valued, and how much waits is not known. The worker goes on by itself when the "
        "broker is back.",
    ),
    Alert(
        "ConsumerLagGrowing",
        [[Condition(LAG, f"{{}} > {LAG_RECORDS:g}"), Condition(f"deriv({LAG}[15m])", "{} > 0")]],
        "10m",
        "warning",
        "{{ $value | humanize }} records of {{ $labels.topic }} wait, and more and more",
        "More than a full poll has been waiting for 10 minutes and the number grows: workers take "
        "less than arrives.",
    ),
    Alert(
        "UpdateLatencySLO",
        [_burning(slow_updates, UPDATE_BUDGET, *FAST)],
        "2m",
        "critical",
        "{{ $value | humanizePercentage }} of the polls take longer than 0.5 s",
        "At this rate a month's budget of slow polls, 1%, is gone in two days.",
    ),
    Alert(
        "UpdateLatencySLO",
        [_burning(slow_updates, UPDATE_BUDGET, *SLOW)],
        "15m",
        "warning",
        "{{ $value | humanizePercentage }} of the polls take longer than 0.5 s",
        "At this rate a month's budget of slow polls, 1%, is gone in five days.",
    ),
    Alert(
        "EfficiencyViolated",
        [[Condition("hcdv_efficiency_residual", f"{{}} > {RESIDUAL:g}")]],
        "1m",
        "critical",
        "Values of {{ $labels.topic }}/{{ $labels.partition }} do not add up",
        "The sum of all values is {{ $value }} away from the value of the whole corpus; rounding "
        "explains 1e-9. Do not pay by these values.",
    ),
    Alert(
        "LeafMismatch",
        [[Condition("max_over_time(hcdv_leaf_mismatches_total[1h])", "{} > 0")]],
        "0m",
        "critical",
        "A leaf of {{ $labels.topic }}/{{ $labels.partition }} differs from its replay",
        "The worker replays random leaves and has stopped at one whose values are not what the "
        "games give. Do not pay by these values.",
    ),
    Alert(
        "DeadLetters",
        [[Condition(REJECTED, "{} > 0.01")]],
        "5m",
        "warning",
        "{{ $value | humanizePercentage }} of the sessions of {{ $labels.topic }} are rejected",
        "They are in the dead-letter topic, each with its reason. Most often a producer or the "
        "schema has changed.",
    ),
    Alert(
        "ProviderFlood",
        [
            [
                Condition(f"{_arrivals('10m')}\n- {_arrivals('1d')}", "{} > 0.25"),
                Condition("topic:hcdv_records:rate5m", "on (topic) {} > 1"),
            ]
        ],
        "5m",
        "warning",
        "{{ $labels.provider }} sends much more of {{ $labels.topic }} than it used to",
        "Its share of what arrives is {{ $value | humanizePercentage }} higher over ten minutes "
        "than over the last day. Copies with small changes are paid: look before you pay.",
    ),
    Alert(
        "DoubtRises",
        [
            [
                Condition(f"{doubtful('10m')} - {doubtful('1d')}", f"{{}} > {DOUBTFUL_RISE:g}"),
                Condition("topic:hcdv_records:rate5m", "on (topic) {} > 1"),
            ]
        ],
        "5m",
        "warning",
        "More labels of {{ $labels.topic }} are probably wrong than used to be",
        "The share of arrivals with a doubt above 0.5 is {{ $value | humanizePercentage }} higher "
        "over ten minutes than over the last day.",
    ),
    Alert(
        "ProviderDoubtRises",
        [
            [
                Condition(
                    f'{provider_doubt("10m")}{{provider!="other"}} - {provider_doubt("1d")}',
                    f"{{}} > {PROVIDER_DOUBT_RISE:g}",
                ),
                Condition(provider_rate("10m"), "on (topic, provider) {} > 0.1"),
            ]
        ],
        "5m",
        "warning",
        "Labels of {{ $labels.provider }} in {{ $labels.topic }} are doubted more than they were",
        "The mean doubt of its sessions is {{ $value | humanizePercentage }} higher over ten "
        "minutes than over the last day. Look at its suspects before you pay.",
    ),
    Alert(
        "EvaluatorsShort",
        [[Condition("hcdv_validation_examples", "{} == 0"), _HAS_EXAMPLES]],
        "0m",
        "critical",
        "V has no evaluators of class {{ $labels.label }} in "
        "{{ $labels.topic }}/{{ $labels.partition }}",
        "The class has examples, and nothing says what they are worth. Payouts are refused.",
    ),
    Alert(
        "EvaluatorsShort",
        [
            [
                Condition("hcdv_validation_examples", "{} > 0"),
                Condition("(hcdv_validation_examples - hcdv_validation_least)", "{} < 0"),
                _HAS_EXAMPLES,
            ]
        ],
        "0m",
        "warning",
        "V has only {{ $value }} evaluators of class {{ $labels.label }} in "
        "{{ $labels.topic }}/{{ $labels.partition }}",
        "Deletions have taken V below HCDV_VALIDATION_LEAST or what the bundle has. Values of "
        "the class say less and less.",
    ),
    Alert(
        "ValidationDiverges",
        [[Condition("hcdv_divergence_alarm", "{} > 0")]],
        "0m",
        "warning",
        "Sessions{{ with $labels.label }} labelled {{ . }}{{ end }} in "
        "{{ $labels.topic }}/{{ $labels.partition }} diverge from V",
        "They agree less with their nearest evaluators than they did. Either the concept has "
        "changed, and values are those of a time that is over, or labels have turned wrong.",
    ),
    Alert(
        "ProviderDiverges",
        [[Condition("hcdv_provider_divergence_alarm", "{} > 0")]],
        "0m",
        "warning",
        "Sessions of {{ $labels.provider }} in {{ $labels.topic }}/{{ $labels.partition }} "
        "diverge from V",
        "They agree less with their nearest evaluators than that provider's did. If no class "
        "diverges, it is this provider's labels that have changed.",
    ),
    Alert(
        "ErasureOverdue",
        [[Condition("hcdv_erasure_overdue_seconds", "{} > 600")]],
        "5m",
        "critical",
        "Deleted examples of {{ $labels.topic }}/{{ $labels.partition }} are still in its files",
        "They should have been erased {{ $value | humanizeDuration }} ago.",
    ),
    Alert(
        "TopicRetention",
        [[Condition("max by (topic) (hcdv_topic_keeps_all)", "{} == 0")]],
        "5m",
        "warning",
        "Topic {{ $labels.topic }} does not keep all records",
        "Its retention deletes records. A state that is lost then cannot be rebuilt, and a worker "
        "that is behind for long loses records.",
    ),
    Alert(
        "RebalanceStorm",
        [[Condition("increase(hcdv_group_assignments_total[15m])", "{} > 8")]],
        "5m",
        "warning",
        "The consumer group of {{ $labels.instance }} does not settle",
        "Partitions were given out {{ $value | humanize }} times in 15 minutes; nothing is valued "
        "meanwhile.",
    ),
    *(
        Alert(
            "DiskSpaceLow",
            [
                [
                    Condition(
                        "hcdv_state_disk_free_bytes / hcdv_state_disk_bytes", f"{{}} < {share:g}"
                    )
                ]
            ],
            "5m",
            severity,
            "{{ $value | humanizePercentage }} of the disk of {{ $labels.instance }} is free",
            "A worker whose disk is full stops, and nothing of its partitions is valued.",
        )
        for share, severity in DISK_LEVELS
    ),
    Alert(
        "WritesHeldBack",
        [[Condition("hcdv_state_writes_held_back", "{} > 0")]],
        "5m",
        "warning",
        "RocksDB holds back the writes of {{ $labels.topic }}/{{ $labels.partition }}",
        "It cannot rewrite its files as fast as they are written. Updates take longer, then wait.",
    ),
]

_PROCESS = [
    Alert(
        "MemoryNearLimit",
        [
            [
                Condition(
                    "hcdv_process_resident_memory_bytes / hcdv_process_memory_limit_bytes",
                    f"{{}} > {MEMORY_USED:g}",
                )
            ]
        ],
        "5m",
        "warning",
        "{{ $labels.instance }} takes {{ $value | humanizePercentage }} of its memory limit",
        "At the limit the kernel ends the process.",
    ),
    Alert(
        "DescriptorsNearLimit",
        [[Condition("hcdv_process_open_fds / hcdv_process_max_fds", f"{{}} > {FILES_USED:g}")]],
        "5m",
        "warning",
        "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its descriptors open",
        "At the limit it can open neither files nor connections, and stops.",
    ),
]

_API = [
    *(
        Alert(
            "PointReadsSLO",
            [_burning(slow_point_reads, EXAMPLE_BUDGET, *rate)],
            hold,
            severity,
            "{{ $value | humanizePercentage }} of the point reads at {{ $labels.job }} take longer "
            "than 20 ms",
            f"At this rate a month's budget of slow point reads, 1%, is gone in {days} days.",
        )
        for rate, hold, severity, days in LEVELS
    ),
    *(
        Alert(
            "ApiAvailabilitySLO",
            [_burning(failed, FAILED_BUDGET, *rate)],
            hold,
            severity,
            "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} fail, over an "
            "hour and more",
            f"At this rate a month's budget of failed requests, 0.1%, is gone in {days} days.",
        )
        for rate, hold, severity, days in LEVELS
    ),
    Alert(
        "StaleValues",
        [
            [
                Condition(
                    'hcdv_api_look_age_seconds{job!="hcdv-gateway"}', f"{{}} > {LOOK_SECONDS:g}"
                )
            ],
            [
                Condition("hcdv_seconds_since_last_batch", "{} > 120"),
                Condition("sum by (instance) (hcdv_consumer_lag_records)", "on (instance) {} > 0"),
            ],
        ],
        "2m",
        "critical",
        "Values at {{ $labels.instance }} stand still since {{ $value | humanizeDuration }}",
        "Either the API cannot read the worker's state, or sessions wait and the worker writes no "
        "update. Answers say as of when they are.",
    ),
    Alert(
        "StaleValues",
        [[Condition(LATE, "{} > 0.1")]],
        "10m",
        "warning",
        "{{ $value | humanizePercentage }} of the updates are visible later than 250 ms",
        "The API follows the state too slowly: too little processor, or a slow disk.",
    ),
    Alert(
        "PartitionsStale",
        [[Condition("hcdv_api_stale_partitions", "{} > 0")]],
        "1m",
        "critical",
        "Nobody keeps {{ $value }} partitions at {{ $labels.instance }} current",
        "Their workers or the broker are silent, or another worker has them. What waits behind the "
        "answers is not known; max_lag, max_age and complete refuse.",
    ),
    Alert(
        "AnswersOld",
        [[Condition("max by (job, instance) (hcdv_api_age_seconds)", "{} > 120")]],
        "5m",
        "warning",
        "Answers at {{ $labels.instance }} were last up to date {{ $value | humanizeDuration }} "
        "ago",
        "Some partition has not held all committed records for so long: its worker takes less than "
        "arrives, hangs, or is gone.",
    ),
    Alert(
        "ApiDown",
        [
            [Condition('up{job=~"hcdv-api|hcdv-gateway"}', "{} == 0")],
            [Condition('up{job="hcdv-api"}', "absent({})")],
        ],
        "1m",
        "critical",
        "{{ with $labels.instance }}{{ . }} is down{{ else }}No API runs{{ end }}",
        "Prometheus cannot scrape it, or knows of none. Behind a gateway its partitions are named "
        "as missing.",
    ),
    Alert(
        "PartitionsMissing",
        [[Condition("max by (job) (hcdv_gateway_partitions_missing)", "{} > 0")]],
        "2m",
        "critical",
        "Partitions that nobody serves: {{ $value }}",
        "No API behind the gateway answers for them. Answers name them and are of the rest of the "
        "corpus alone: do not pay by these.",
    ),
    Alert(
        "TruncatedCorpus",
        [
            [Condition("hcdv_corpus_complete", "{} == 0")],
            [Condition("max by (job) (hcdv_api_truncated_partitions)", "{} > 0")],
        ],
        "1m",
        "critical",
        "{{ with $labels.partition }}Partition {{ . }} lacks{{ else }}Answers lack{{ end }} the "
        "beginning of the log",
        "HCDV_TRUNCATED_LOG=accept let a state begin after its log's beginning. Answers say so; "
        "payouts are refused.",
    ),
    Alert(
        "ApiErrors",
        [[Condition(FAILED, "{} > 0.01")]],
        "5m",
        "warning",
        "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} fail",
        "Answers to readers with a status from 500 on; their problem type says why.",
    ),
    Alert(
        "ApiKeysUnusable",
        [[Condition("hcdv_api_keys_usable", "{} == 0")]],
        "1m",
        "critical",
        "{{ $labels.instance }} refuses every key",
        "The file of API keys is missing, unreadable or damaged, so nobody knows which keys are "
        "still good.",
    ),
]

ALERTS = [
    Group("hcdv-worker", _WORKER),
    Group("hcdv-api", _API),
    Group("hcdv-process", _PROCESS),
]
