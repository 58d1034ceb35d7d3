"""What ``hcdv-stream suspects`` shows without a file: the suspects of a running service."""

import sys
from pathlib import Path

import typer

from hcdv_stream.api.models.suspects import SuspectsAnswer
from hcdv_stream.cli.api_options import connected, console, footing, number, table
from hcdv_stream.client.calls import SuspectConditions


def show_suspects(
    threshold: float,
    count: int,
    only: SuspectConditions,
    *,
    url: str | None,
    key: str | None,
    json: Path | None,
) -> None:
    """Ask for suspects and print them, or write the answer as JSON; ``-`` prints it."""
    with connected(url, key) as client:
        answer = client.suspects(threshold=threshold, limit=min(count, 10_000), only=only)
    if json is None:
        _print(answer)
        return
    text = answer.model_dump_json(indent=2, by_alias=True)
    if str(json) == "-":
        typer.echo(text)
        sys.stdout.flush()
    else:
        json.write_text(text + "\n", encoding="utf-8")


def _print(answer: SuspectsAnswer) -> None:
    rows = [
        (
            one.id,
            one.label,
            one.suggested,
            one.provider or "–",
            one.why,
            f"{one.doubt:.3f}",
            number(one.value),
        )
        for one in answer.suspects
    ]
    columns = ("id", "label", "suggested", "provider", "why", "doubt", "value")
    console.print(table("labels that are probably wrong", columns, rows, text=5))
    if not answer.doubted:
        console.print(
            "no example has a doubt: the bundle has no doubt model, so train one with "
            "`hcdv-stream train`"
        )
    else:
        console.print(
            f"{answer.total:,} of {answer.doubted:,} labels have a doubt above "
            f"{answer.threshold:g}; about {answer.expected_wrong:.0f} are wrong in all"
        )
    console.print(footing(answer), soft_wrap=True)
