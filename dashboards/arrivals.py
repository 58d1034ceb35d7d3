"""A row of the valuation board: deletions and what is left of them."""

from dashboards.expressions import growth, largest
from dashboards.panel import Panel, Query
from dashboards.row import BY_PARTITION, PARTITION, Row

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
