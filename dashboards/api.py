"""The row of the API: how fast it answers, and how current its answers are."""

from dashboards.expressions import largest, per_second, quantile, total
from dashboards.panel import Panel, Query
from dashboards.row import DELAY_OBJECTIVE, Row, quantiles

API = Row(
    "API",
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
            "Request latency",
            "From a request to the end of its answer, over all routes.",
            "s",
            quantiles("hcdv_api_request_seconds"),
        ),
        Panel(
            "Request latency, p99 by route",
            "99% of the requests to the route were answered within this time.",
            "s",
            [Query(quantile(0.99, "hcdv_api_request_seconds", "route"), "{{route}}")],
        ),
        Panel(
            "Delay until an update is visible",
            "From an update's write to answers that hold it. The line is the objective, 250 ms.",
            "s",
            quantiles("hcdv_api_update_delay_seconds"),
            objective=DELAY_OBJECTIVE,
        ),
        Panel(
            "Time to read an update",
            "Reading what the worker wrote since the last look.",
            "s",
            quantiles("hcdv_api_refresh_seconds"),
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
        ),
        Panel(
            "Examples in the view",
            "Examples that the API answers for; beside the worker's own count above.",
            "short",
            [Query(total("hcdv_api_points", "instance"), "{{instance}}")],
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
