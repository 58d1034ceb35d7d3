"""Recording rules: shares of what is too slow, rejected or failed, per job or topic.

Alerts rest on them, and they answer cheaply over months. An error budget that burns is seen in two
windows, a short one (it still does) and a long one (it matters).
"""

from hcdv_stream.dashboards.objectives import (
    EXAMPLE_ROUTES,
    REQUEST_SECONDS,
    UPDATE_SECONDS,
    VISIBLE_SECONDS,
)
from hcdv_stream.dashboards.rules import Group, Recording

WINDOWS = ("5m", "30m", "1h", "6h")


def slow_updates(window: str) -> str:
    """Return the name of the share of polls that took too long."""
    return f"job:hcdv_updates_slow:ratio_rate{window}"


LAG = "topic:hcdv_consumer_lag_records:sum"
REJECTED = "topic:hcdv_dead_letters:ratio_rate5m"


def failed(window: str) -> str:
    """Return the name of the share of readers' requests that failed."""
    return f"job:hcdv_api_requests_failed:ratio_rate{window}"


def slow_point_reads(window: str) -> str:
    """Return the name of the share of reads of an example that took too long."""
    return f"job:hcdv_api_point_reads_slow:ratio_rate{window}"


FAILED = failed("5m")
LATE = "job:hcdv_api_updates_late:ratio_rate5m"


def provider_rate(window: str) -> str:
    """Return the name of the rate at which a provider sends."""
    return f"topic_provider:hcdv_provider_records:rate{window}"


def provider_doubt(window: str) -> str:
    """Return the name of the mean doubt of a provider's arrivals."""
    return f"topic_provider:hcdv_provider_doubts:mean{window}"


def doubtful(window: str) -> str:
    """Return the name of the share of arrivals whose label is probably wrong."""
    return f"topic:hcdv_doubtful_records:ratio_rate{window}"


READERS, GOOD = 'route=~"/v1/.+"', 'status!~"5.."'
"""What readers asked for, without probes and what gateways look up; and what did not fail of it."""


def _reads(window: str, more: str = "") -> str:
    return f"sum by (job) (rate(hcdv_api_requests_total{{{READERS}{more}}}[{window}]))"


def _over(histogram: str, edge: float, window: str, where: str = "") -> str:
    """Return the share of a histogram's observations that lie over one of its edges."""
    fast = f'le="{edge}"' + (f", {where}" if where else "")
    chosen = f"{{{where}}}" if where else ""
    return (
        f"1 - sum by (job) (rate({histogram}_bucket{{{fast}}}[{window}]))\n"
        f"/ sum by (job) (rate({histogram}_count{chosen}[{window}]))"
    )


def _p99(histogram: str) -> str:
    return f"histogram_quantile(0.99, sum by (job, le) (rate({histogram}_bucket[5m])))"


RECORDINGS = Group(
    "hcdv-recordings",
    [
        *(
            Recording(
                slow_updates(window), _over("hcdv_update_latency_seconds", UPDATE_SECONDS, window)
            )
            for window in WINDOWS
        ),
        Recording("job:hcdv_update_latency_seconds:p99_5m", _p99("hcdv_update_latency_seconds")),
        Recording(LAG, "sum by (topic) (hcdv_consumer_lag_records)"),
        Recording("topic:hcdv_records:rate5m", "sum by (topic) (rate(hcdv_records_total[5m]))"),
        *(
            Recording(
                provider_rate(window),
                f"sum by (topic, provider) (rate(hcdv_provider_records_total[{window}]))",
            )
            for window in ("10m", "1d")
        ),
        *(
            Recording(
                provider_doubt(window),
                f"sum by (topic, provider) (rate(hcdv_provider_doubts_total[{window}]))\n"
                f"/ {provider_rate(window)}",
            )
            for window in ("10m", "1d")
        ),
        *(
            Recording(
                doubtful(window),
                f"sum by (topic) (rate(hcdv_doubtful_records_total[{window}]))\n"
                f"/ sum by (topic) (rate(hcdv_label_records_total[{window}]))",
            )
            for window in ("10m", "1d")
        ),
        Recording(
            REJECTED,
            "sum by (topic) (rate(hcdv_dead_letters_total[5m]))\n"
            "/ (sum by (topic) (rate(hcdv_dead_letters_total[5m]))"
            " + sum by (topic) (rate(hcdv_records_total[5m])))",
        ),
        *(
            Recording(
                failed(window),
                f"1 - ({_reads(window, ', ' + GOOD)} or 0 * {_reads(window)})\n/ {_reads(window)}",
            )
            for window in WINDOWS
        ),
        *(
            Recording(
                slow_point_reads(window),
                _over("hcdv_api_request_seconds", REQUEST_SECONDS, window, EXAMPLE_ROUTES),
            )
            for window in WINDOWS
        ),
        Recording(LATE, _over("hcdv_api_update_delay_seconds", VISIBLE_SECONDS, "5m")),
        Recording("job:hcdv_api_request_seconds:p99_5m", _p99("hcdv_api_request_seconds")),
    ],
)
