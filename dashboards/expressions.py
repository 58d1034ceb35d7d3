"""Prometheus expressions of the boards, each on the job and instance that its reader chose.

``by`` are the labels that the series are kept apart by.
"""

CHOSEN = 'job=~"$job", instance=~"$instance"'
"""Matchers of the two variables of every board."""
WINDOW = "$__rate_interval"
"""Grafana's window for rates: at least four scrapes."""


def total(metric: str, *by: str) -> str:
    """Return the sum of a gauge."""
    return f"sum{_kept(by)}({metric}{{{CHOSEN}}})"


def largest(metric: str, *by: str) -> str:
    """Return the largest of a gauge's series."""
    return f"max{_kept(by)}({metric}{{{CHOSEN}}})"


def average(metric: str, *by: str) -> str:
    """Return the mean of a gauge's series."""
    return f"avg{_kept(by)}({metric}{{{CHOSEN}}})"


def per_second(counter: str, *by: str, where: str = "") -> str:
    """Return how fast a counter grows; ``where`` is one more matcher."""
    chosen = f"{CHOSEN}, {where}" if where else CHOSEN
    return f"sum{_kept(by)}(rate({counter}{{{chosen}}}[{WINDOW}]))"


def growth(counter: str, *by: str, window: str = WINDOW) -> str:
    """Return by how much a counter grew in the window."""
    return f"sum{_kept(by)}(increase({counter}{{{CHOSEN}}}[{window}]))"


def quantile(share: float, histogram: str, *by: str) -> str:
    """Return the value that this share of a histogram's observations stay under."""
    return f"histogram_quantile({share}, {per_second(f'{histogram}_bucket', 'le', *by)})"


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


def _kept(by: tuple[str, ...]) -> str:
    return f" by ({', '.join(by)}) " if by else ""
