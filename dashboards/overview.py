"""The row that says in one look whether all is well."""

from dashboards.expressions import growth, largest, quantile, total
from dashboards.panel import Panel, Query
from dashboards.row import LATENCY_OBJECTIVE, RESIDUAL_OBJECTIVE, Row

NOW = Row(
    "Now",
    [
        Panel(
            "Processes up",
            "Workers and APIs that answer Prometheus, by job.",
            "short",
            [Query(total("up", "job"), "{{job}}")],
            kind="stat",
        ),
        Panel(
            "Examples",
            "Examples in the corpus, over all partitions.",
            "short",
            [Query(total("hcdv_points"), "examples")],
            kind="stat",
        ),
        Panel(
            "Records behind",
            "Records in the log whose effect is not stored yet, over all partitions.",
            "short",
            [Query(total("hcdv_consumer_lag_records"), "records")],
            kind="stat",
        ),
        Panel(
            "Update latency, p99",
            "99% of the polls were durable within this time of being handed over.",
            "s",
            [Query(quantile(0.99, "hcdv_update_latency_seconds"), "p99")],
            kind="stat",
            objective=LATENCY_OBJECTIVE,
        ),
        Panel(
            "Efficiency residual",
            "Largest distance between the sum of all values and the value of the whole corpus. "
            "Above 1e-9 the values are wrong: stop paying by them and report it.",
            "sci",
            [Query(largest("hcdv_efficiency_residual"), "residual")],
            kind="stat",
            objective=RESIDUAL_OBJECTIVE,
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
