"""The command line: registers one module per command and turns errors into sentences."""

import sys

import typer
from rich.console import Console
from rich.markup import escape

from hcdv_stream.cli.commands import dlq, simulate, state, topics
from hcdv_stream.cli.commands.api import api
from hcdv_stream.cli.commands.demo import demo
from hcdv_stream.cli.commands.doctor import doctor
from hcdv_stream.cli.commands.experiment import experiment
from hcdv_stream.cli.commands.gateway import gateway
from hcdv_stream.cli.commands.key import key
from hcdv_stream.cli.commands.point import point
from hcdv_stream.cli.commands.providers import providers
from hcdv_stream.cli.commands.select import select
from hcdv_stream.cli.commands.top import top
from hcdv_stream.cli.commands.train import train
from hcdv_stream.cli.commands.value import value
from hcdv_stream.cli.commands.watch import watch
from hcdv_stream.cli.commands.worker import worker
from hcdv_stream.errors import HcdvError
from hcdv_stream.unknown_settings import describe_unknown, unknown_settings

app = typer.Typer(
    name="hcdv-stream",
    help="The Shapley-style value of every training example, "
    "kept current while examples stream in.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)

app.command(epilog="Example: hcdv-stream train --input clicks.csv --label bought --bundle bundle")(
    train
)
app.command(epilog="Example: hcdv-stream value --input clicks.csv --label bought --out v.parquet")(
    value
)
app.command(epilog="Example: hcdv-stream select --input v.parquet --share 0.3 --out ids.csv")(
    select
)
app.add_typer(topics.app, name="topics")
app.add_typer(dlq.app, name="dlq")
app.add_typer(simulate.app, name="simulate")
app.add_typer(state.app, name="state")
app.command(epilog="Example: hcdv-stream worker --bundle bundle --bootstrap localhost:9092")(worker)
app.command(epilog="Example: hcdv-stream api --state-dir state --port 8080")(api)
app.command(epilog="Example: hcdv-stream gateway --sidecars http://a:8080,http://b:8080")(gateway)
app.command(epilog="Example: hcdv-stream key shop --scope read --scope export --keys keys.txt")(key)
app.command(epilog="Example: hcdv-stream top --lowest --label buy --count 20")(top)
app.command(epilog="Example: hcdv-stream point s000017 --history")(point)
app.command(epilog="Example: hcdv-stream providers --payout 100000 --json")(providers)
app.command(epilog="Example: hcdv-stream watch --url http://localhost:8090")(watch)
app.command(epilog="Example: hcdv-stream demo --exit --json summary.json")(demo)
app.command(epilog="Example: hcdv-stream doctor --bundle bundle --json")(doctor)
app.command(epilog="Example: hcdv-stream experiment quality --out quality.json")(experiment)


_SERVICES = frozenset({"worker", "api", "gateway"})
"""They say in their logs what the others say on standard error."""


@app.callback()
def _root(context: typer.Context) -> None:
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
