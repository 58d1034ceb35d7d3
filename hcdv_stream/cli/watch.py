"""``hcdv-stream watch``: the state of a running service as it moves on."""

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Group
from rich.live import Live

from hcdv_stream.cli.asking import (
    AsJson,
    Key,
    Url,
    as_of,
    connected,
    console,
    number,
    table,
)

if TYPE_CHECKING:
    from hcdv_stream.api.models import Point, UpdateEvent
    from hcdv_stream.client import Client

_SHOWN = 5


def watch(
    *,
    interval: Annotated[float, typer.Option(min=0, help="Least seconds between updates.")] = 1.0,
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many updates; without: at Ctrl-C.")
    ] = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Follow a running service: how far it is, the highest and lowest values, the providers.

    With --json, one line for each update as it becomes visible.
    """
    with connected(url, key) as client:
        events = islice(client.events(interval=interval), count)
        if as_json:
            for event in events:
                typer.echo(orjson.dumps(event.model_dump(mode="json")))
            return
        with Live(console=console, auto_refresh=False) as live:
            for event in events:
                if (picture := _picture(client, event)) is not None:
                    live.update(picture, refresh=True)


def _picture(client: "Client", event: "UpdateEvent") -> Group | None:
    """Return what there is to see; None where the state has moved on too fast to be seen."""
    from hcdv_stream.client import ApiError  # noqa: PLC0415 (late, so that --help is quick)

    try:
        return _seen(client, event)
    except ApiError as error:
        if error.name != "view-gone":
            raise
        return None


def _seen(client: "Client", event: "UpdateEvent") -> Group:
    at = event.as_of.view
    highest = client.points(limit=_SHOWN, at=at).points
    lowest = client.points(order="asc", limit=_SHOWN, at=at).points
    paid = client.providers(at=at)
    rows = [
        (one.provider or "–", f"{one.points:,}", number(one.value))
        for one in paid.providers[: 2 * _SHOWN]
    ]
    missing = ", ".join(map(str, event.missing_partitions))
    stale = ", ".join(map(str, event.stale_partitions))
    return Group(
        f"[bold]{event.points:,} examples[/] {as_of(event.as_of)}"
        + (f" [bold red]missing partitions: {missing}[/]" if missing else "")
        + (f" [bold red]stale partitions: {stale}[/]" if stale else ""),
        table("highest", ("id", "label", "provider", "value"), _rows(highest), text=3),
        table("lowest", ("id", "label", "provider", "value"), _rows(lowest), text=3),
        table("providers", ("provider", "examples", "value"), rows),
    )


def _rows(points: "list[Point]") -> list[tuple[str, ...]]:
    return [(one.id, one.label, one.provider or "–", number(one.value)) for one in points]
