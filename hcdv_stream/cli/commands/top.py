"""``hcdv-stream top``: the most, or the least, valuable examples now."""

from typing import Annotated

import typer

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


def top(
    *,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 10,
    lowest: Annotated[
        bool, typer.Option("--lowest", help="The least valuable: where wrong labels gather.")
    ] = False,
    label: Annotated[str | None, typer.Option(help="Only of this class.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only this provider's.")] = None,
    coalition: Annotated[str | None, typer.Option(help="Only under this leaf or node.")] = None,
    utility: Utility = None,
    beta: Beta = None,
    lam: Lambda = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show the most valuable examples of a running service, or the least valuable."""
    with connected(url, key) as client:
        answer = client.examples(
            order="asc" if lowest else "desc",
            limit=count,
            only={"label": label, "provider": provider, "coalition": coalition},
            weights=weights(client, utility, beta, lam),
        )
    if as_json:
        print_json(answer)
        return
    rows = [
        (
            example.id,
            example.label,
            example.provider or "–",
            moment(example.event_time),
            f"{example.rank:,}",
            number(example.value),
            f"{example.stderr:.2g}",
        )
        for example in answer.examples
    ]
    title = f"{'lowest' if lowest else 'highest'} values of {answer.total:,} examples"
    columns = ("id", "label", "provider", "time (UTC)", "rank", "value", "±")
    console.print(table(title, columns, rows, text=4))
    console.print(footing(answer), soft_wrap=True)
