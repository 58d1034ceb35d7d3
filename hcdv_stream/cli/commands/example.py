"""``hcdv-stream example``: what one example is worth now."""

from typing import Annotated

import typer

from hcdv_stream.api.models.answers import ExampleAnswer, HistoryAnswer
from hcdv_stream.cli.api_options import (
    AsJson,
    Beta,
    Key,
    Lambda,
    Url,
    Utility,
    connected,
    console,
    footing,
    moment,
    number,
    print_json,
    table,
    weights,
)


def example(
    id: Annotated[str, typer.Argument(help="Id of the example.")],
    *,
    history: Annotated[
        bool, typer.Option("--history", help="What it was worth, as far back as the API knows.")
    ] = False,
    utility: Utility = None,
    beta: Beta = None,
    lam: Lambda = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what an example of a running service is worth, its rank and where it belongs."""
    with connected(url, key) as client:
        chosen = weights(client, utility, beta, lam)
        if history:
            past = client.history(id, weights=chosen)
            print_json(past) if as_json else _print_history(past)
            return
        found = client.example(id, rank=True, weights=chosen)
    print_json(found) if as_json else _print_example(found)


def _print_example(found: ExampleAnswer) -> None:
    rows = [
        ("value", f"{number(found.value)} ± {found.stderr:.2g}"),
        ("rank", f"{found.rank:,}"),
        ("label", found.label),
        ("provider", found.provider or "–"),
        ("time (UTC)", moment(found.event_time)),
        ("path", " › ".join(found.path)),
    ]
    console.print(table(found.id, ("", ""), rows, text=2))
    console.print(footing(found), soft_wrap=True)


def _print_history(past: HistoryAnswer) -> None:
    rows = [
        (
            moment(entry.written_at),
            entry.leaf,
            f"{entry.update:,}",
            f"{entry.examples:,}",
            number(entry.value),
            f"{entry.stderr:.2g}",
        )
        for entry in past.history
    ]
    columns = ("written (UTC)", "leaf", "update", "examples", "value", "±")
    console.print(table(f"{past.id}, what it was worth", columns, rows, text=2))
    if past.reach is not None:
        console.print(f"[dim]nothing is kept from before {moment(past.reach)}[/]")
    console.print(footing(past), soft_wrap=True)
