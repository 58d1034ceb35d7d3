"""``hcdv-stream watch``: the state of a running service as it moves on."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live

from hcdv_stream.api.models.answers import Example, UpdateEvent
from hcdv_stream.cli.api_options import (
    AsJson,
    Key,
    Url,
    as_of,
    connected,
    console,
    number,
    table,
)
from hcdv_stream.client import ApiError, Client

_SHOWN = 5


def watch(
    *,
    interval: Annotated[float, typer.Option(min=0, help="Least seconds between updates.")] = 1.0,
    count: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="End after so many states were shown, the present one first; without: at Ctrl-C.",
        ),
    ] = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Follow a running service: how far and how current it is, its values, the providers.

    With --json, one line for each state as it becomes visible.
    """
    with connected(url, key) as client:
        if as_json:
            for event in islice(client.events(interval=interval), count):
                typer.echo(event.model_dump_json())
            return
        with Live(console=console, auto_refresh=False) as live:
            states: set[str] = set()
            for event in _newest(client, interval):
                if (picture := _picture(client, event)) is None:
                    continue
                live.update(picture, refresh=True)
                states.add(event.as_of.view)
                if len(states) == count:
                    return


def _newest(client: Client, interval: float) -> Iterator[UpdateEvent]:
    """Yield each update, again whenever how current it is has changed."""
    update: UpdateEvent | None = None
    for change in client.changes(interval=interval):
        if isinstance(change, UpdateEvent):
            update = change
        elif update is not None:
            update = update.model_copy(update=dict(change))
        if update is not None:
            yield update


def _picture(client: Client, event: UpdateEvent) -> Group | None:
    """Return what there is to see; None where the state has moved on too fast to be seen."""
    try:
        return _seen(client, event)
    except ApiError as error:
        if error.name != "view-gone":
            raise
        return None


def _seen(client: Client, event: UpdateEvent) -> Group:
    at = event.as_of.view
    highest = client.examples(limit=_SHOWN, at=at).examples
    lowest = client.examples(order="asc", limit=_SHOWN, at=at).examples
    paid = client.providers(at=at)
    rows = [
        (one.provider or "–", f"{one.examples:,}", number(one.value))
        for one in paid.providers[: 2 * _SHOWN]
    ]
    missing = ", ".join(map(str, event.missing_partitions))
    stale = ", ".join(map(str, event.stale_partitions))
    return Group(
        f"[bold]{event.examples:,} examples[/] {as_of(event.as_of)}"
        + (f" [bold red]missing partitions: {missing}[/]" if missing else "")
        + (f" [bold red]stale partitions: {stale}[/]" if stale else ""),
        table("highest", ("id", "label", "provider", "value"), _rows(highest), text=3),
        table("lowest", ("id", "label", "provider", "value"), _rows(lowest), text=3),
        table("providers", ("provider", "examples", "value"), rows),
    )


def _rows(examples: list[Example]) -> list[tuple[str, ...]]:
    return [(one.id, one.label, one.provider or "–", number(one.value)) for one in examples]
