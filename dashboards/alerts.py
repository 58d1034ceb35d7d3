"""When somebody should look, and where it is written what to do."""

from dashboards.objectives import RESIDUAL
from dashboards.recordings import FAILED, LAG, LATE, REJECTED, slow_updates
from dashboards.rules import Alert, Condition, Group

_BUDGET = 0.01
"""Share of polls that may take longer than the objective."""


def _burning(times: float, short: str, long: str) -> list[Condition]:
    form = f"{{}} > {times * _BUDGET:g}"
    return [Condition(slow_updates(window), form) for window in (short, long)]


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
        "ConsumerLagGrowing",
        [[Condition(LAG, "{} > 1500"), Condition(f"deriv({LAG}[15m])", "{} > 0")]],
        "10m",
        "warning",
        "{{ $value | humanize }} records of {{ $labels.topic }} wait, and more and more",
        "More than a full poll has been waiting for 10 minutes and the number grows: workers take "
        "less than arrives.",
    ),
    Alert(
        "UpdateLatencySLO",
        [_burning(14.4, "5m", "1h")],
        "2m",
        "critical",
        "{{ $value | humanizePercentage }} of the polls take longer than 0.5 s",
        "At this rate a month's budget of slow polls, 1%, is gone in two days.",
    ),
    Alert(
        "UpdateLatencySLO",
        [_burning(6, "30m", "6h")],
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
        [[Condition("increase(hcdv_leaf_mismatches_total[1h])", "{} > 0")]],
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
]

_API = [
    Alert(
        "StaleValues",
        [
            [Condition('hcdv_api_look_age_seconds{job!="hcdv-gateway"}', "{} > 30")],
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

ALERTS = [Group("hcdv-worker", _WORKER), Group("hcdv-api", _API)]
