"""The command line: the table of its commands; errors become sentences."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from hcdv_stream import __version__
from hcdv_stream.cli.lazy_group import Command, lazy_app
from hcdv_stream.errors import HcdvError
from hcdv_stream.unknown_settings import describe_unknown, unknown_settings

COMMANDS = (
    Command(
        "train",
        "Train an encoder and a doubt model, and build the hierarchy that a stream starts with.",
        None,
        "hcdv-stream train --input clicks.csv --label bought --bundle bundle",
    ),
    Command(
        "value",
        "Value a file as one corpus, in order of time where there is a time column.",
        None,
        "hcdv-stream value --input clicks.csv --label bought --out v.parquet",
    ),
    Command(
        "select",
        "Choose examples to train on by their value.",
        None,
        "hcdv-stream select --input v.parquet --share 0.3 --out ids.csv",
    ),
    Command(
        "suspects",
        "List the examples whose label is probably wrong, the most doubtful first.",
        None,
        "hcdv-stream suspects clicks.csv --label bought --bundle bundle",
        folder="files",
    ),
    Command(
        "topics",
        "Make the topics that sessions arrive on and go to when they are rejected.",
        "service",
        "hcdv-stream topics create --partitions 8",
    ),
    Command(
        "worker",
        "Value every session that arrives, keep the state of the partitions this worker is given.",
        "service",
        "hcdv-stream worker --bundle bundle --bootstrap localhost:9092",
    ),
    Command(
        "api",
        "Serve values over HTTP from the state that a worker keeps on this machine.",
        "service",
        "hcdv-stream api --state-dir state --port 8080",
    ),
    Command(
        "gateway",
        "Serve the values of all partitions, wherever the APIs beside their workers are.",
        "service",
        "hcdv-stream gateway --sidecars http://a:8080,http://b:8080",
    ),
    Command(
        "key",
        "Make an API key and print it: it is shown once, and only its hash is kept.",
        "service",
        "hcdv-stream key shop --scope read --scope export --keys keys.txt",
    ),
    Command(
        "doctor",
        "Check broker, topics, bundle, state directory, API keys and ports; each failure says the "
        "fix.",
        "service",
        "hcdv-stream doctor --bundle bundle --json",
    ),
    Command(
        "state",
        "Look after the state that workers keep.",
        "service",
        "hcdv-stream state verify --state-dir state --bundle bundle",
    ),
    Command(
        "dlq",
        "Look at the sessions that were rejected, and send them once more.",
        "service",
        "hcdv-stream dlq list --reason not_json",
    ),
    Command(
        "simulate",
        "Send sessions to a topic: generated ones, or a file's.",
        "service",
        "hcdv-stream simulate clickstream --rate 500",
    ),
    Command(
        "top",
        "Show the most valuable examples of a running service, or the least valuable.",
        "client",
        "hcdv-stream top --lowest --label buy --count 20",
    ),
    Command(
        "example",
        "Show what an example of a running service is worth, its rank and where it belongs.",
        "client",
        "hcdv-stream example s000017 --history",
    ),
    Command(
        "providers",
        "Show what every provider's examples are worth together.",
        "client",
        "hcdv-stream providers --json",
    ),
    Command(
        "payouts",
        "Show what every provider is to be paid of a pot, and what is carried over.",
        "client",
        "hcdv-stream payouts --amount 100000 --carry november.json --json",
    ),
    Command(
        "watch",
        "Follow a running service: how far and how current it is, its values, the providers.",
        "client",
        "hcdv-stream watch --url http://localhost:8090",
    ),
    Command(
        "demo",
        "Stream a web shop's sessions through broker, worker and API, and judge their values.",
        "demo",
        "hcdv-stream demo --exit --json summary.json",
    ),
    Command(
        "experiment",
        "Run an experiment and print its tables.",
        "experiments",
        "hcdv-stream experiment quality --out quality.json",
    ),
)

_SERVICES = frozenset({"worker", "api", "gateway"})
"""They say in their logs what the others say on standard error."""

app = lazy_app(
    COMMANDS,
    name="hcdv-stream",
    help="The Shapley-style value of every training example, "
    "kept current while examples stream in.",
    no_args_is_help=True,
    epilog="Example: hcdv-stream value --input clicks.csv --label bought --out v.parquet",
    add_completion=True,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"hcdv-stream {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand not in _SERVICES:
        for name, closest in unknown_settings().items():
            message = f"[bold yellow]warning:[/] {escape(describe_unknown(name, closest))}"
            Console(stderr=True).print(message, highlight=False, soft_wrap=True)


def run() -> None:
    """Run the command line; an error that a person can act on is one sentence and exit code 1."""
    try:
        app()
    except (HcdvError, ValueError) as error:
        message = f"[bold red]error:[/] {escape(str(error))}"
        Console(stderr=True).print(message, highlight=False, soft_wrap=True)
        sys.exit(1)
