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

_FACT_ROWS = 4
_BAR_WIDTH = 16
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


def lag(summary: Mapping[str, Any]) -> str:
    """Write how many records wait behind a summary, as far as that is known."""
    waiting = summary["as_of"]["lag"]
    return "unknown" if waiting is None else f"{waiting:,}"


def figures(observation: Observation) -> RenderableType:
    """Return the figures of the service."""
    told = observation.summary
    facts = {
        "sessions valued": f"{told['examples']:,}",
        "updates": f"{told['updates']:,}",
        "writes": f"{len(observation.latencies):,}",
        "lag": lag(told),
        "leaves": f"{told['leaves']:,}",
        "spawned": f"{told['spawned']:,}",
        "rebalances": f"{told['rebalances']:,}",
        "dead letters": f"{observation.dead_letters:,}",
        "update p50": _milliseconds(observation.quantile(0.5)),
        "update p99": _milliseconds(observation.quantile(0.99)),
        "total value": f"{told['total']:.4f}",
        "residual": f"{told['residual']:.1e}",
    }
    grid = Table.grid(padding=(0, 2))
    for _ in range(len(facts) // _FACT_ROWS):
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(style="bold", justify="right", no_wrap=True)
    cells = list(facts.items())
    for row in range(_FACT_ROWS):
        grid.add_row(*(text for fact in cells[row::_FACT_ROWS] for text in fact))
    return grid


def examples(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the most or least valuable examples; without a seller column where none is named."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0)
    )
    named = any(row["provider"] is not None for row in rows)
    for name in ("session", "label", "seller")[: 2 + named]:
        table.add_column(name, no_wrap=True, header_style="dim")
    table.add_column("× 10⁶", justify="right", no_wrap=True, header_style="dim")
    for row in rows:
        cells = [Text(str(row["id"])[:16]), Text(str(row["label"])[:8])]
        if named:
            cells.append(Text(str(row["provider"] or "–")[:8]))
        table.add_row(*cells, f"{1e6 * row['value']:+,.1f}")
    return table


def both_ends(observation: Observation, often: str) -> RenderableType:
    """Return the most and the least valuable examples side by side."""
    sides = Table.grid(padding=(0, 1, 0, 0))
    sides.add_row(
        examples(f"{often}most valuable", observation.highest),
        examples(f"{often}least valuable", observation.lowest),
    )
    return sides


def providers(payouts: Sequence[Mapping[str, Any]], limit: int = 10) -> Table:
    """Return what each seller's sessions are worth together, and each on average."""
    table = Table(
        title="payouts", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0)
    )
    table.add_column("seller", no_wrap=True, header_style="dim")
    for name in ("sessions", "share of value", "each × 10⁶"):
        table.add_column(name, justify="right", no_wrap=True, header_style="dim")
    table.add_column(no_wrap=True, width=_BAR_WIDTH)
    most = max((abs(payout["value"]) for payout in payouts), default=0.0) or 1.0
    for payout in payouts[:limit]:
        share = payout["share"]
        table.add_row(
            Text(str(payout["provider"] or "(none named)")[:24]),
            f"{payout['examples']:,}",
            "–" if share is None else f"{100 * share:.1f}%",
            f"{1e6 * payout['value'] / max(payout['examples'], 1):+,.1f}",
            "█" * round(_BAR_WIDTH * max(payout["value"], 0.0) / most),
        )
    return table


def live(title: str, total: int, addresses: str, observation: Observation) -> RenderableType:
    """Return the whole live view."""
    parts = [progress(observation.applied, total, observation), Text(), figures(observation)]
    parts += [Text(), both_ends(observation, "now "), Text()]
    parts.append(providers(observation.providers, limit=6))
    return Panel(Group(*parts), title=title, subtitle=addresses, title_align="left")


def comparison(summary: Summary) -> Table:
    """Return what gradient boosting reaches by how its training examples were chosen."""
    table = Table(
        title=f"models evaluated on {len(summary.prepared.test):,} sessions set aside",
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("trained on", header_style="dim")
    for name in ("share", "AUC", "against random"):
        table.add_column(name, justify="right", header_style="dim")
    for name, what, share in _AUC_ROWS:
        gain = 100 * (summary.auc[name] - summary.auc["random20"])
        table.add_row(
            what, share, f"{summary.auc[name]:.4f}", "" if name == "random20" else f"{gain:+.1f}"
        )
    return table


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.0f} ms"
