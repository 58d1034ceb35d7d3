"""The demo's tables, while it runs and at its end."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hcdv_stream.demo.observation import Observation
from hcdv_stream.demo.summary import Summary

_BAR_WIDTH = 24
_AUC_ROWS = (
    ("select20", "select: gate, then spread", "20%"),
    ("top20", "highest values", "20%"),
    ("random20", "at random (mean of 3)", "20%"),
    ("all", "everything", "100%"),
)


def progress(done: int, total: int, observation: Observation) -> RenderableType:
    """Return how far the stream is."""
    line = Table.grid(padding=(0, 2))
    line.add_row(
        ProgressBar(total=max(total, 1), completed=done, width=40),
        f"{done:,} of {total:,} sessions",
        f"{observation.rate:,.0f}/s",
        f"{observation.elapsed:.0f} s",
    )
    return line


def figures(observation: Observation) -> RenderableType:
    """Return the figures of the service."""
    told = observation.summary
    facts = Table.grid(padding=(0, 1))
    for index in range(8):
        facts.add_column(justify="left" if index % 2 == 0 else "right", style=_style(index))
    facts.add_row(
        *("sessions valued", f"{told['points']:,}", "leaves", f"{told['leaves']:,}"),
        *("update latency p50", _milliseconds(observation.quantile(0.5))),
        *("lag", f"{told['as_of']['lag']:,}"),
    )
    facts.add_row(
        *("updates", f"{told['updates']:,}", "leaves spawned", f"{told['spawned']:,}"),
        *("update latency p99", _milliseconds(observation.quantile(0.99))),
        *("dead letters", f"{observation.dead_letters:,}"),
    )
    facts.add_row(
        *("writes", f"{len(observation.latencies):,}", "rebalances", f"{told['rebalances']:,}"),
        *("total value", f"{told['total']:.4f}"),
        *("efficiency residual", f"{told['residual']:.1e}"),
    )
    return facts


def examples(title: str, points: Sequence[Mapping[str, Any]]) -> Table:
    """Return the most or least valuable examples."""
    table = Table(title=title, title_justify="left", expand=False)
    for name, justify in (("session", "left"), ("label", "left"), ("seller", "left")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("value × 10⁶", justify="right", no_wrap=True)
    for point in points:
        table.add_row(
            *(Text(str(point["id"])[:24]), Text(str(point["label"])[:12])),
            *(Text(str(point["provider"] or "–")[:12]), f"{1e6 * point['value']:+,.1f}"),
        )
    return table


def providers(payouts: Sequence[Mapping[str, Any]], limit: int = 10) -> Table:
    """Return what each seller's sessions are worth together, and each on average."""
    table = Table(title="payouts by seller", title_justify="left", expand=False)
    table.add_column("seller", no_wrap=True)
    for name in ("sessions", "share of value", "a session × 10⁶"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    most = max((abs(payout["value"]) for payout in payouts), default=0.0) or 1.0
    for payout in payouts[:limit]:
        share = payout["share"]
        table.add_row(
            Text(str(payout["provider"] or "(none named)")[:24]),
            f"{payout['points']:,}",
            "–" if share is None else f"{100 * share:.1f}%",
            f"{1e6 * payout['value'] / max(payout['points'], 1):+,.1f}",
            "█" * round(_BAR_WIDTH * max(payout["value"], 0.0) / most),
        )
    return table


def live(title: str, total: int, addresses: str, observation: Observation) -> RenderableType:
    """Return the whole live view."""
    sides = Table.grid(padding=(0, 2))
    sides.add_row(
        examples("most valuable now", observation.highest),
        examples("least valuable now", observation.lowest),
    )
    parts = [progress(observation.applied, total, observation), Text(), figures(observation)]
    parts += [Text(), sides, providers(observation.providers, limit=6)]
    return Panel(Group(*parts), title=title, subtitle=addresses, title_align="left")


def judgement(summary: Summary) -> Table:
    """Return what gradient boosting reaches by how its training examples were chosen."""
    table = Table(
        title=f"AUC on {len(summary.prepared.test):,} test sessions, which were neither streamed "
        "nor used for the bundle",
        title_justify="left",
    )
    table.add_column("trained on")
    for name in ("share", "AUC", "against random"):
        table.add_column(name, justify="right")
    for name, what, share in _AUC_ROWS:
        gain = 100 * (summary.auc[name] - summary.auc["random20"])
        table.add_row(
            what, share, f"{summary.auc[name]:.4f}", "" if name == "random20" else f"{gain:+.1f}"
        )
    return table


def _style(index: int) -> str:
    return "dim" if index % 2 == 0 else "bold"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.0f} ms"
