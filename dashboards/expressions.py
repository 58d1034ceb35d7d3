"""Prometheus expressions of the boards, each on the job, instance and topic its reader chose.

``by`` are the labels that the series are kept apart by.
"""

from functools import cache

from hcdv_stream.dashboards.exported import exported

CHOSEN = 'job=~"$job", instance=~"$instance"'
"""Matchers of the two variables that every series has a label of."""
TOPIC = 'topic=~"$topic"'
"""That of the third, which only the series of a partition have."""
WINDOW = "$__rate_interval"
"""Grafana's window for rates: at least four scrapes."""


def total(metric: str, *by: str) -> str:
    """Return the sum of a gauge."""
    return f"sum{_grouped(by)}({metric}{{{_chosen(metric)}}})"


def largest(metric: str, *by: str) -> str:
    """Return the largest of a gauge's series."""
    return f"max{_grouped(by)}({metric}{{{_chosen(metric)}}})"


def least(metric: str, *by: str) -> str:
    """Return the least of a gauge's series."""
    return f"min{_grouped(by)}({metric}{{{_chosen(metric)}}})"


def average(metric: str, *by: str) -> str:
    """Return the mean of a gauge's series."""
    return f"avg{_grouped(by)}({metric}{{{_chosen(metric)}}})"


def per_second(counter: str, *by: str, where: str = "") -> str:
    """Return how fast a counter grows; ``where`` is one more matcher."""
    chosen = f"{_chosen(counter)}, {where}" if where else _chosen(counter)
    return f"sum{_grouped(by)}(rate({counter}{{{chosen}}}[{WINDOW}]))"


def growth(counter: str, *by: str, window: str = WINDOW, where: str = "") -> str:
    """Return by how much a counter grew in the window."""
    chosen = f"{_chosen(counter)}, {where}" if where else _chosen(counter)
    return f"sum{_grouped(by)}(increase({counter}{{{chosen}}}[{window}]))"


def quantile(share: float, histogram: str, *by: str, where: str = "") -> str:
    """Return the value that this share of a histogram's observations stay under."""
    rate = per_second(f"{histogram}_bucket", "le", *by, where=where)
    return f"histogram_quantile({share}, {rate})"


def over(histogram: str, edge: float, window: str = WINDOW, where: str = "") -> str:
    """Return the share of a histogram's observations that lie over one of its edges."""
    fast = f'le="{edge}"' + (f", {where}" if where else "")
    under = growth(f"{histogram}_bucket", window=window, where=fast)
    return f"1 - {under} / {growth(f'{histogram}_count', window=window, where=where)}"


def budget_left(bad: str, budget: float) -> str:
    """Return what is left of an error budget after a share of bad events."""
    return f"1 - ({bad}) / {budget:g}"


def mean(histogram: str, *by: str) -> str:
    """Return the mean of a histogram's observations."""
    return f"{per_second(f'{histogram}_sum', *by)} / {per_second(f'{histogram}_count', *by)}"


def share_of(part: str, whole: str, *by: str) -> str:
    """Return what share of a whole its parts are, which only the labels ``by`` tell apart."""
    return (
        f"{part} / ignoring ({', '.join(by)}) group_left () {whole}" if by else f"{part} / {whole}"
    )


def buckets(histogram: str) -> str:
    """Return how many observations fell into each bucket, for a heat map."""
    return growth(f"{histogram}_bucket", "le")


def _grouped(by: tuple[str, ...]) -> str:
    return f" by ({', '.join(by)}) " if by else ""


def _chosen(series: str) -> str:
    return f"{CHOSEN}, {TOPIC}" if series in _with_topic() else CHOSEN


@cache
def _with_topic() -> frozenset[str]:
    return frozenset(
        name for metric in exported() for name, labels in metric.series.items() if "topic" in labels
    )
