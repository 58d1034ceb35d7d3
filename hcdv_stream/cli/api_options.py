"""What commands that ask a running API have in common: where it is, how to weigh, how to print."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

import typer
from rich.console import Console, OverflowMethod
from rich.table import Table

from hcdv_stream.api.models.answers import Answer, AsOf, CorpusState, Model
from hcdv_stream.cli.printed import printed, shortened
from hcdv_stream.client import ApiError, Client
from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.weights import Weights

Url = Annotated[
    str | None, typer.Option(help="API or gateway to ask; HCDV_API_URL.", show_default=False)
]
Key = Annotated[str | None, typer.Option(help="API key, where one is needed; HCDV_API_KEY.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Complete = Annotated[
    bool,
    typer.Option(
        "--complete", help="Refuse unless every partition can be asked and is kept current."
    ),
]
MaxAge = Annotated[
    float | None, typer.Option(min=0, help="Refuse an answer that is older than so many seconds.")
]
Utility = Annotated[
    str | None, typer.Option(help="balanced, accuracy or class:<label>; default: the API's.")
]
Beta = Annotated[float | None, typer.Option(help="The peers' share of the evaluation, 0 to 1.")]
Lambda = Annotated[float | None, typer.Option("--lambda", help="Weight of the contrast.")]

console = Console(highlight=False)


@contextmanager
def connected(url: str | None, key: str | None) -> Iterator[Client]:
    """Connect to the API that is named, here or in the environment."""
    settings = load_settings(api_url=url, api_key=key)
    secret = settings.api_key
    with Client(settings.api_url, key=secret.get_secret_value() if secret else None) as client:
        try:
            yield client
        except ApiError as error:
            if error.status not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                raise
            raise HcdvError(f"{error}; with --key or HCDV_API_KEY") from error


def weights(
    client: Client, utility: str | None, beta: float | None, lam: float | None
) -> Weights | None:
    """Return the weights that are asked for, None where none are.

    What is not said is as the API has it, which is asked once.
    """
    if utility is None and beta is None and lam is None:
        return None
    used = client.examples(limit=1).weights
    usual = Weights(used.utility, used.beta, used.lam, used.payout) if used else Weights()
    return replace(
        usual,
        utility=usual.utility if utility is None else utility,
        beta=usual.beta if beta is None else beta,
        lam=usual.lam if lam is None else lam,
    )


def print_json(answer: Model) -> None:
    """Print an answer as the API gives it, indented."""
    typer.echo(answer.model_dump_json(indent=2, by_alias=True))


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], text: int = 1
) -> Table:
    """Return a table whose first ``text`` columns are words and the others numbers."""
    made = Table(title=printed(title), title_justify="left")
    for place, column in enumerate(columns):
        whole: OverflowMethod = "fold" if column == "id" else "ellipsis"  # ids are copied
        made.add_column(column, justify="left" if place < text else "right", overflow=whole)
    for row in rows:
        cells = zip(columns, row, strict=True)
        made.add_row(*(printed(cell) if name == "id" else shortened(cell) for name, cell in cells))
    return made


def number(value: float) -> str:
    """Write a value with the digits that tell."""
    return f"{value:+.4g}"


def moment(seconds: float) -> str:
    """Write a time of the epoch."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def footing(answer: Answer) -> str:
    """Say what an answer is as of, and what it lacks."""
    said = as_of(answer.as_of)
    if answer.weights:
        used = answer.weights
        how = "payout weights" if used.payout else f"β {used.beta:g}, λ {used.lam:g}"
        said += f" · {printed(used.utility)}, {how}"
    if answer.missing_partitions:
        missing = ", ".join(map(str, answer.missing_partitions))
        said += f" · [bold red]missing partitions: {missing}[/]"
    if answer.stale_partitions:
        stale = ", ".join(map(str, answer.stale_partitions))
        said += f" · [bold red]stale partitions: {stale}[/]"
    return said


def as_of(state: AsOf) -> str:
    """Say how far the state is, how current, and if it lacks its log's beginning."""
    lag = "unknown" if state.lag is None else f"{state.lag:,}"
    age = "" if state.age_seconds is None else f", up to date {duration(state.age_seconds)} ago"
    said = f"[dim]as of update {state.update:,}, {moment(state.event_time)}, lag {lag}{age}[/]"
    if not state.corpus.complete:
        said += f" · [bold red]truncated corpus: {begins(state.corpus)}[/]"
    return said


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    for unit, size, most in (("s", 1.0, 120.0), ("min", 60.0, 7200.0), ("h", 3600.0, 172_800.0)):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def begins(corpus: CorpusState) -> str:
    """Say where the partitions of a truncated corpus begin."""
    return ", ".join(
        f"partition {number} begins at an unknown offset"
        if offset is None
        else f"partition {number} begins at offset {offset:,}"
        for number, offset in corpus.begins_at.items()
        if offset != 0
    )
