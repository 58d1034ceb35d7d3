"""A row of panels, and the expressions that several rows have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from hcdv_stream.dashboards.expressions import quantile
from hcdv_stream.dashboards.panel import Panel, Query

PARTITION = ("topic", "partition")
BY_PARTITION = "{{topic}}/{{partition}}"


@dataclass(frozen=True, slots=True)
class Row:
    """A titled band of panels, each ``width`` of 24 columns wide and ``height`` high."""

    title: str
    panels: Sequence[Panel]
    width: int = 8
    height: int = 8


def quantiles(histogram: str) -> list[Query]:
    """Return what half, nine tenths and 99% of a histogram's observations stay under."""
    return [Query(quantile(share, histogram), f"p{share * 100:.0f}") for share in (0.5, 0.9, 0.99)]
