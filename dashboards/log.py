"""The row about the log: whether it is whole, and whether it stays so."""

from hcdv_stream.dashboards.expressions import largest, per_second
from hcdv_stream.dashboards.panel import Panel, Query
from hcdv_stream.dashboards.row import BY_PARTITION, PARTITION, Row

LOG = Row(
    "The log",
    [
        Panel(
            "State begins at the log's beginning",
            "1 if a partition's state begins where its log began. At 0 the corpus is truncated: "
            "answers say so and payouts are refused.",
            "short",
            [Query(largest("hcdv_corpus_complete", *PARTITION), BY_PARTITION)],
        ),
        Panel(
            "Truncated partitions in the view",
            "Partitions that an API answers for and that do not begin where their log began. It "
            "must be 0.",
            "short",
            [Query(largest("hcdv_api_truncated_partitions", "instance"), "{{instance}}")],
        ),
        Panel(
            "Topic keeps all records",
            "1 if the topic's retention deletes nothing. At 0 a state that is lost cannot be "
            "rebuilt as it was.",
            "short",
            [Query(largest("hcdv_topic_keeps_all", "topic"), "{{topic}}")],
        ),
        Panel(
            "Deletions of unknown ids a second",
            "On a compacted topic, deletions that outlived what they deleted; they have no effect. "
            "On other topics they are dead letters.",
            "cps",
            [Query(per_second("hcdv_ignored_deletions_total", *PARTITION), BY_PARTITION)],
        ),
    ],
)
