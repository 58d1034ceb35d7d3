"""The board of the API: how fast it answers, how current that is, and who is missing."""

from hcdv_stream.dashboards.board import Board
from hcdv_stream.dashboards.expressions import (
    buckets,
    budget_left,
    growth,
    largest,
    over,
    per_second,
    quantile,
    total,
)
from hcdv_stream.dashboards.objectives import (
    EXAMPLE_BUDGET,
    EXAMPLE_ROUTES,
    FAILED_BUDGET,
    LOOK_SECONDS,
    REQUEST_SECONDS,
    VISIBLE_SECONDS,
)
from hcdv_stream.dashboards.panel import Panel, Query
from hcdv_stream.dashboards.process import process
from hcdv_stream.dashboards.recordings import GOOD, READERS
from hcdv_stream.dashboards.row import Row, quantiles

_ASKED = per_second("hcdv_api_requests_total", where=READERS)
_SERVED = per_second("hcdv_api_requests_total", where=f"{READERS}, {GOOD}")

_ALL = growth("hcdv_api_requests_total", window="$__range", where=READERS)
_DONE = growth("hcdv_api_requests_total", window="$__range", where=f"{READERS}, {GOOD}")

REQUESTS = Row(
    "Requests",
    [
        Panel(
            "Requests a second",
            "Requests answered, by route and status.",
            "reqps",
            [
                Query(
                    per_second("hcdv_api_requests_total", "route", "status"), "{{route}} {{status}}"
                )
            ],
        ),
        Panel(
            "Share of failed requests",
            "Requests of readers (not probes, not gateways) answered with a status from 500 on.",
            "percentunit",
            [Query(f"1 - ({_SERVED} or 0 * {_ASKED}) / {_ASKED}", "failed")],
            objective=FAILED_BUDGET,
        ),
        Panel(
            "Availability, error budget left",
            "Of the requests in the time range shown, one in a thousand may fail: how much of that "
            "is left. Below 0 it is overdrawn.",
            "percentunit",
            [Query(budget_left(f"1 - ({_DONE} or 0 * {_ALL}) / {_ALL}", FAILED_BUDGET), "left")],
            floor=0.0,
            least=None,
        ),
        Panel(
            "Requests being answered",
            "Requests in hand, event streams among them; HCDV_API_MAX_REQUESTS is the most.",
            "short",
            [Query(total("hcdv_api_requests_in_progress", "instance"), "{{instance}}")],
        ),
        Panel(
            "Request latency",
            "From a request to the end of its answer, over all routes. The line is the objective "
            "for reads of an example, 20 ms.",
            "s",
            quantiles("hcdv_api_request_seconds"),
            objective=REQUEST_SECONDS,
        ),
        Panel(
            "Request latency, p99 by route",
            "99% of the requests to the route were answered within this time.",
            "s",
            [Query(quantile(0.99, "hcdv_api_request_seconds", "route"), "{{route}}")],
        ),
        Panel(
            "Request latency, distribution",
            "How many requests took how long.",
            "s",
            [Query(buckets("hcdv_api_request_seconds"), "{{le}}")],
            kind="heatmap",
        ),
        Panel(
            "API keys usable",
            "1 where keys can be checked, 0 where the file of API keys cannot be used and every "
            "key is refused.",
            "short",
            [Query(largest("hcdv_api_keys_usable", "instance"), "{{instance}}")],
        ),
    ],
)

EXAMPLES = Row(
    "Reads of an example",
    [
        Panel(
            "Point reads, latency",
            "From a request for one example to the end of its answer. The line is the objective of "
            "p99, 20 ms.",
            "s",
            [
                Query(
                    quantile(share, "hcdv_api_request_seconds", where=EXAMPLE_ROUTES),
                    f"p{100 * share:.0f}",
                )
                for share in (0.5, 0.9, 0.99)
            ],
            objective=REQUEST_SECONDS,
        ),
        Panel(
            "Point reads, share over the objective",
            "Share of the point reads that took longer than 20 ms. Over the line, 1%, the error "
            "budget burns faster than it is given.",
            "percentunit",
            [
                Query(
                    over("hcdv_api_request_seconds", REQUEST_SECONDS, where=EXAMPLE_ROUTES), "slow"
                )
            ],
            objective=EXAMPLE_BUDGET,
        ),
        Panel(
            "Point reads, error budget left",
            "Of the point reads in the time range shown, 1% may take longer than 20 ms: how much "
            "of that is left. Below 0 it is overdrawn.",
            "percentunit",
            [
                Query(
                    budget_left(
                        over(
                            "hcdv_api_request_seconds", REQUEST_SECONDS, "$__range", EXAMPLE_ROUTES
                        ),
                        EXAMPLE_BUDGET,
                    ),
                    "left",
                )
            ],
            floor=0.0,
            least=None,
        ),
    ],
)

FRESHNESS = Row(
    "How current answers are",
    [
        Panel(
            "Delay until an update is visible",
            "From an update's write to answers that hold it. The line is the objective, 250 ms.",
            "s",
            quantiles("hcdv_api_update_delay_seconds"),
            objective=VISIBLE_SECONDS,
        ),
        Panel(
            "Time to read an update",
            "Reading what the worker wrote since the last look.",
            "s",
            quantiles("hcdv_api_refresh_seconds"),
        ),
        Panel(
            "Records behind the answers",
            "Records in the log behind the newest state, by partition, as the API knows from the "
            "worker. A line that ends: nobody knows.",
            "short",
            [
                Query(
                    largest("hcdv_api_lag_records", "instance", "partition"),
                    "{{partition}} {{instance}}",
                )
            ],
        ),
        Panel(
            "Age of answers",
            "Since the newest state was last known to hold every committed record. About a second "
            "while the worker keeps up; it grows while worker or broker are gone.",
            "s",
            [
                Query(
                    largest("hcdv_api_age_seconds", "instance", "partition"),
                    "{{partition}} {{instance}}",
                )
            ],
        ),
        Panel(
            "Partitions that nobody keeps current",
            "Stale: in answers, and no worker is known to keep them current; it must be 0. Left "
            "out: states that lie beside the API and whose partitions other workers own.",
            "short",
            [
                Query(largest("hcdv_api_stale_partitions", "instance"), "stale {{instance}}"),
                Query(largest("hcdv_api_left_out_partitions", "instance"), "left out {{instance}}"),
            ],
        ),
        Panel(
            "Age of the view",
            "Since the newest update in the view was written (it grows while no session arrives) "
            "and since the state was last looked at without an error (it must stay low).",
            "s",
            [
                Query(largest("hcdv_api_view_age_seconds", "instance"), "update {{instance}}"),
                Query(largest("hcdv_api_look_age_seconds", "instance"), "look {{instance}}"),
            ],
            objective=LOOK_SECONDS,
        ),
        Panel(
            "Examples in the view",
            "Examples that the API answers for; beside them the workers' own count.",
            "short",
            [
                Query(total("hcdv_api_examples", "instance"), "{{instance}}"),
                Query(total("hcdv_examples"), "workers"),
            ],
        ),
        Panel(
            "Partitions in the view",
            "Partitions that the API answers for.",
            "short",
            [Query(total("hcdv_api_partitions", "instance"), "{{instance}}")],
        ),
        Panel(
            "Failed looks at the state a second",
            "Looks that could not read the state; answers then stay as they were.",
            "cps",
            [Query(per_second("hcdv_api_refresh_errors_total", "instance"), "{{instance}}")],
        ),
    ],
)

GATEWAY = Row(
    "The gateway",
    [
        Panel(
            "Partitions that nobody serves",
            "Partitions of the corpus that no API behind the gateway answers for. Answers name "
            "them; the rest of the corpus is valued without them. It must be 0.",
            "short",
            [Query(largest("hcdv_gateway_partitions_missing", "instance"), "{{instance}}")],
            objective=1.0,
        ),
        Panel(
            "APIs that answer the gateway",
            "1 where the gateway could ask the API the last time, 0 where it could not.",
            "short",
            [
                Query(
                    largest("hcdv_gateway_sidecar_up", "instance", "sidecar"),
                    "{{sidecar}} from {{instance}}",
                )
            ],
        ),
    ],
)

BOARD = Board(
    "hcdv-api",
    "hcdv: API",
    "How fast the API answers, and how current its answers are.",
    [REQUESTS, EXAMPLES, FRESHNESS, GATEWAY, process("The processes")],
)
