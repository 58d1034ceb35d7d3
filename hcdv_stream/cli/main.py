"""The command line: registers one module per command and turns errors into sentences."""

import sys

import typer
from rich.console import Console

from hcdv_stream.cli import topics
from hcdv_stream.cli.worker import worker
from hcdv_stream.errors import HcdvError

app = typer.Typer(
    name="hcdv-stream",
    help="The Shapley-style value of every training example, kept current while examples stream in.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)

app.add_typer(topics.app, name="topics")
app.command(epilog="Example: hcdv-stream worker --bundle bundle --bootstrap localhost:9092")(worker)


@app.callback()
def _root() -> None:
    pass


def run() -> None:
    """Run the command line; an error that a person can act on is one sentence and exit code 1."""
    try:
        app()
    except (HcdvError, ValueError) as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
