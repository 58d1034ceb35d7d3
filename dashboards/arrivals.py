"""Rows of the valuation board: who sends what, and deletions with what is left of them."""

from hcdv_stream.dashboards.expressions import growth, largest, per_second
from hcdv_stream.dashboards.panel import Panel, Query
from hcdv_stream.dashboards.row import BY_PARTITION, PARTITION, Row

ERASURES = Row(
    "Deletions",
    [
        Panel(
            "Erasures",
            "Times the bytes of deleted examples were removed from a state's files, in the window "
            "of a rate.",
            "short",
            [Query(growth("hcdv_erasures_total"), "erasures")],
        ),
        Panel(
            "Erasures overdue",
            "By how much the oldest deletion whose bytes may be left is older than "
            "HCDV_ERASURE_SECONDS, by partition.",
            "s",
            [Query(largest("hcdv_erasure_overdue_seconds", *PARTITION), BY_PARTITION)],
        ),
    ],
)

ARRIVALS = Row(
    "Who sends what",
    [
        Panel(
            "Sessions by provider",
            "Those that sent most lately by name, all others as `other`. One that suddenly sends "
            "much more than it used to may be flooding.",
            "cps",
            [Query(per_second("hcdv_provider_records_total", "provider"), "{{provider}}")],
            stacked=True,
        ),
        Panel(
            "Copies by provider",
            "Sessions that equal an example already there in features and label.",
            "cps",
            [Query(per_second("hcdv_provider_copies_total", "provider"), "{{provider}}")],
        ),
        Panel(
            "Foreign ids by provider",
            "Sessions whose id belongs to another provider's example, in the window of a rate.",
            "short",
            [Query(growth("hcdv_provider_foreign_ids_total", "provider"), "{{provider}}")],
        ),
    ],
)
