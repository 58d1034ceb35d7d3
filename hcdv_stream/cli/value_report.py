"""What ``hcdv-stream value`` prints: the extremes, and what came of the other rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from hcdv_stream.cli.printed import shortened
from hcdv_stream.offline.valuation import FileValuation

COLUMNS = {"id": "{}", "label": "{}", "value": "{:.3e}", "stderr": "{:.1e}", "leaf": "{}"}
_SHOWN = 5


def show(result: FileValuation, summary: Mapping[str, Any], out: Path) -> None:
    """Print the highest and lowest values, and what came of the other rows."""
    console = Console()
    ranked = result.table.sort_by([("value", "descending")])
    table = Table(title="highest and lowest values", title_justify="left")
    names = [name for name in COLUMNS if name in result.table.column_names]
    for name in names:
        table.add_column(name, justify="left" if name in ("id", "label") else "right")
    rows = ranked.to_pylist() if len(ranked) <= 2 * _SHOWN else None
    for row in rows or ranked.slice(0, _SHOWN).to_pylist():
        table.add_row(*_cells(row, names))
    if rows is None:
        table.add_section()
        for row in ranked.slice(len(ranked) - _SHOWN).to_pylist():
            table.add_row(*_cells(row, names))
    console.print(table)
    console.print(
        f"{summary['examples_valued']:,} examples {_work(result)}{_sum(result)}",
        highlight=False,
    )
    notes = {
        "rows became the validation set (V) and are not valued": summary["validation_rows"],
        "rows without a label were left out": summary["unlabelled_rows"],
        "rows were replaced by a later row with the same id": result.replaced,
    }
    notes |= {f"rows were rejected: {reason}": n for reason, n in result.rejected.items()}
    for note, count in notes.items():
        if count:
            console.print(f"{count:,} {note}", highlight=False)
    console.print(f"written to {out}", highlight=False, soft_wrap=True)


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [shortened(COLUMNS[name].format(row[name])) for name in names]


def _work(result: FileValuation) -> str:
    leaves = f" in {result.leaves} leaves" if result.leaves else ""
    if result.evaluations:
        return f"valued by {result.evaluations:,} evaluations{leaves}"
    return f"{leaves.strip()} after {result.updates} updates" if leaves else "valued"


def _sum(result: FileValuation) -> str:
    if result.total is None:
        return ""
    if result.leaves:
        return f"; total {result.total:.6f}, residual {result.residual:.1e}"
    handed_out = sum(result.table["value"].to_pylist())
    return f"; together worth {result.total:.6f}, of which the values hand out {handed_out:.6f}"
