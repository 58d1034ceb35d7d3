"""``hcdv-stream experiment NAME``: runs an experiment, prints its tables, writes its JSON."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table as RichTable

from hcdv_stream.cli.report_file import check_report
from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.common.datasets import DEFAULT_DATA

if TYPE_CHECKING:
    from hcdv_stream.experiments.experiment import ResultTable


class BarProgress:
    """An experiment's progress as a bar on standard error."""

    def __init__(self, title: str) -> None:
        self._bar = Bar(
            TextColumn("[bold]{task.fields[title]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
        )
        self._task: TaskID = self._bar.add_task("", total=0, title=title)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def plan(self, steps: int) -> None:
        """Lengthen the bar."""
        self._bar.update(self._task, total=(self._bar.tasks[0].total or 0) + steps)

    def begin(self, what: str) -> None:
        """Name the step beside the bar."""
        self._bar.update(self._task, description=what)

    def done(self) -> None:
        """Fill the bar by one step."""
        self._bar.advance(self._task)


def experiment(
    name: Annotated[str, typer.Argument(help="Which one; `list` names them all.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Write the result as JSON to this file.")] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Repetitions, each on seeds of its own.")
    ] = None,
    data: Annotated[
        Path, typer.Option(help="Folder with online_shoppers/ and adult/.")
    ] = DEFAULT_DATA,
    small: Annotated[
        bool, typer.Option("--small", help="Shrunk to seconds: shows that it runs, no more.")
    ] = False,
    python: Annotated[
        Path | None,
        typer.Option(help="rivals: an interpreter that has pyDVL and OpenDataVal."),
    ] = None,
    kafka: Annotated[
        Path | None,
        typer.Option(
            help="endurance, soak: a script that runs an Apache Kafka in the foreground, "
            "SCRIPT start PORT DATADIR [KEY=VALUE...]."
        ),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="soak: how long the measured load lasts.")
    ] = None,
) -> None:
    """Run an experiment and print its tables."""
    from hcdv_stream.experiments.experiment import ExperimentOptions
    from hcdv_stream.experiments.registry import EXPERIMENTS

    console = Console()
    if name == "list":
        console.print(_listing([(e.name, e.about) for e in EXPERIMENTS.values()]))
        return
    if name not in EXPERIMENTS:
        raise HcdvError(f"no experiment {name!r}; there are {', '.join(EXPERIMENTS)}")
    chosen = EXPERIMENTS[name]
    check_report(out, "--out")
    with BarProgress(name) as progress:
        result = chosen.run(
            ExperimentOptions(data, seeds or chosen.seeds, small, python, kafka, minutes), progress
        )
    if out is not None:
        out.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    for table in chosen.tables(result):
        console.print(_rendered(table))
    if out is not None:
        console.print(f"written to {out}")


def _listing(rows: list[tuple[str, str]]) -> RichTable:
    from hcdv_stream.experiments.experiment import ResultTable

    return _rendered(ResultTable("experiments", ("name", "what it shows"), rows))


def _rendered(table: "ResultTable") -> RichTable:
    rich = RichTable(title=table.title, caption=table.note or None, title_justify="left")
    for index, column in enumerate(table.columns):
        rich.add_column(column, justify="left" if index == 0 else "right")
    for row in table.rows:
        rich.add_row(*row)
    return rich
