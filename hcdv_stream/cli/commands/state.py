"""``hcdv-stream state verify``: replays every game and compares with what is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from hcdv_stream.errors import HcdvError
from hcdv_stream.offline.progress_bar import bar
from hcdv_stream.settings import Settings, load_settings

if TYPE_CHECKING:
    from hcdv_stream.state.verification import Report, Verification

_MOST_SHOWN = 20

app = typer.Typer(help="Look after the state that workers keep.", no_args_is_help=True)


@app.callback()
def _root() -> None:
    pass


@app.command(epilog="Example: hcdv-stream state verify --state-dir state --bundle bundle")
def verify(
    *,
    state_dir: Annotated[
        Path | None, typer.Option(help="Directory of the partitions' state.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Topic whose partitions are verified.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Bundle that the state belongs to.")] = None,
    partition: Annotated[
        list[int] | None, typer.Option(help="Verify these partitions alone; may be repeated.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for machines.")
    ] = False,
) -> None:
    """Replay every game of every leaf and node, and compare bit for bit with what is stored.

    Changes nothing and may run beside a worker: each partition is verified as of one update.
    Checks also every record, all sums, that values add up, and that a state lies under its own
    name. Ends with status 1 if anything differs, and says what. What is not given comes from the
    environment (HCDV_STATE_DIR, HCDV_TOPIC, HCDV_BUNDLE).
    """
    from hcdv_stream.bundle.bundle import Bundle
    from hcdv_stream.state.verification import verify_partition

    settings = load_settings(state_dir=state_dir, topic=topic, bundle=bundle)
    directories = _directories(settings, partition)
    loaded = Bundle.load(settings.bundle)
    results = []
    for directory in directories:
        with _progress(directory.name) as report:
            done = verify_partition(
                directory, settings.topic, loaded.checksum, loaded.validation, report
            )
        results.append(done)
        if not as_json:
            _print(done)
    intact = not any(done.mismatches for done in results)
    if as_json:
        whole = {
            "topic": settings.topic,
            "intact": intact,
            "partitions": [asdict(done) for done in results],
        }
        typer.echo(orjson.dumps(whole, option=orjson.OPT_INDENT_2))
    if not intact:
        raise typer.Exit(1)


def _directories(settings: Settings, wanted: list[int] | None) -> list[Path]:
    from hcdv_stream.state.layout import partition_directories

    folder = settings.state_dir / settings.topic
    found = partition_directories(folder)
    missing = sorted(set(wanted or ()) - found.keys())
    if missing or not found:
        which = f"of partition {missing[0]}" if missing else "of any partition"
        raise HcdvError(
            f"there is no state {which} in {folder}: set HCDV_STATE_DIR and HCDV_TOPIC to those "
            "of the worker"
        )
    return [found[number] for number in sorted(wanted or found)]


@contextmanager
def _progress(name: str) -> Iterator["Report"]:
    with bar() as shown:
        task = shown.add_task(f"replaying partition {name}", total=None)

        def report(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        yield report


def _print(done: "Verification") -> None:
    console = Console(soft_wrap=True, highlight=False)
    name = f"[bold]partition {done.partition}[/]"
    what = f"{done.examples} examples in {done.leaves} leaves and {done.nodes} nodes"
    if not done.mismatches:
        detail = f"update {done.updates}, {what}: equal to a replay" if done.leaves else "empty"
        console.print(f"[green]✓[/] {name}: {detail}")
        return
    console.print(f"[bold red]✗[/] {name}: update {done.updates}, {what}: differs from a replay")
    for mismatch in done.mismatches[:_MOST_SHOWN]:
        console.print(f"  {mismatch.place}: {escape(mismatch.detail)}")
    if len(done.mismatches) > _MOST_SHOWN:
        console.print(f"  and {len(done.mismatches) - _MOST_SHOWN} more; --json has them all")
