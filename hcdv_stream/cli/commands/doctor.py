"""``hcdv-stream doctor``: says what is wrong with an installation, and how to mend it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from hcdv_stream.settings import load_settings

_MARKS = {
    "ok": "[green]✓[/]",
    "warning": "[yellow]![/]",
    "failed": "[bold red]✗[/]",
    "skipped": "[yellow]–[/]",
}


def doctor(
    *,
    bootstrap: Annotated[
        str | None, typer.Option(help="Kafka bootstrap servers, HOST:PORT[,..].")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Topic that sessions arrive on.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Directory that `train` wrote.")] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="Directory of the partitions' state.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the checks as JSON, for machines.")
    ] = False,
) -> None:
    """Check broker, topics, bundle, state directory, API keys and ports; each failure says the fix.

    Looks only, changes nothing. Ends with status 1 where a check failed. What is not given comes
    from the environment (HCDV_BOOTSTRAP, ...).
    """
    from hcdv_stream.doctor.examination import examine

    settings = load_settings(bootstrap=bootstrap, topic=topic, bundle=bundle, state_dir=state_dir)
    checks = examine(settings)
    healthy = not any(check.status == "failed" for check in checks)
    if as_json:
        report = {"healthy": healthy, "checks": [asdict(check) for check in checks]}
        typer.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    else:
        console = Console(soft_wrap=True, highlight=False)
        for check in checks:
            console.print(f"{_MARKS[check.status]} [bold]{check.name}[/]: {escape(check.detail)}")
            if check.fix:
                console.print(f"  [cyan]fix:[/] {escape(check.fix)}")
    if not healthy:
        raise typer.Exit(1)
