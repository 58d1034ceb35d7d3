"""``hcdv-stream dlq``: what was rejected, why, and sending it once more."""

import base64
from datetime import UTC, datetime
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from hcdv_stream.cli.printed import printed, shortened
from hcdv_stream.dead_letters import replay as replays
from hcdv_stream.dead_letters.letter import Letter, LetterFilter
from hcdv_stream.dead_letters.listing import find_letters, list_letters
from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import Settings, load_settings
from hcdv_stream.worker.session import REASONS

app = typer.Typer(
    help="Look at the sessions that were rejected, and send them once more.", no_args_is_help=True
)

console = Console(highlight=False)

Bootstrap = Annotated[str | None, typer.Option(help="Kafka bootstrap servers, HOST:PORT[,..].")]
TopicName = Annotated[str | None, typer.Option(help="Topic that the sessions arrived on.")]
Reason = Annotated[str | None, typer.Option(help="Only letters of this reason: not_json, ...")]
Since = Annotated[
    str | None, typer.Option(help="Only letters from this time on, 2026-01-31T12:00 (UTC).")
]
Until = Annotated[str | None, typer.Option(help="Only letters before this time.")]
Partition = Annotated[int | None, typer.Option(min=0, help="Only this partition's.")]
Provider = Annotated[str | None, typer.Option(help="Only this provider's, where it is legible.")]
Group = Annotated[str | None, typer.Option(help="Only letters of this group of workers.")]
RecordKey = Annotated[
    str | None, typer.Option("--key", help="Only this letter, or records with this key.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


@app.callback()
def _root() -> None:
    pass


@app.command("list", epilog="Example: hcdv-stream dlq list --reason not_json --since 2026-01-31")
def list_(
    *,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    provider: Provider = None,
    key: RecordKey = None,
    group: Group = None,
    limit: Annotated[int, typer.Option(min=0, help="Most letters shown, the newest.")] = 20,
    bootstrap: Bootstrap = None,
    topic: TopicName = None,
    as_json: AsJson = False,
) -> None:
    """Count the letters by reason and show the newest."""
    settings = load_settings(bootstrap=bootstrap, topic=topic)
    wanted = _filter(
        settings,
        reason=reason,
        since=since,
        until=until,
        partition=partition,
        provider=provider,
        key=key,
        group=group,
    )
    found = list_letters(settings, wanted, limit)
    if as_json:
        _print_json(
            {
                "total": found.total,
                "by_reason": dict(found.by_reason.most_common()),
                "replayed": found.replayed,
                "letters": found.rows,
            }
        )
        return
    for name, count in found.by_reason.most_common():
        console.print(f"{count:>9,}  {shortened(name)}")
    console.print(
        f"{found.total:>9,}  letters in {printed(settings.dead_letter_topic)}, "
        f"{found.replayed:,} replayed"
    )
    if found.rows:
        console.print(_table(found.rows))


@app.command(epilog="Example: hcdv-stream dlq show sessions/0/4711")
def show(
    key: Annotated[str, typer.Argument(help="A letter's key, or the key of the rejected record.")],
    bootstrap: Bootstrap = None,
    topic: TopicName = None,
    as_json: AsJson = False,
) -> None:
    """Show letters as a whole: what was wrong, and the record with its headers."""
    settings = load_settings(bootstrap=bootstrap, topic=topic)
    wanted = _filter(settings, key=key)
    letters = find_letters(settings, wanted)
    if not letters:
        raise HcdvError(
            f"there is no letter {key!r} in {settings.dead_letter_topic!r}: "
            "`hcdv-stream dlq list` shows the keys"
        )
    if as_json:
        _print_json([_whole(letter) for letter in letters])
        return
    for letter in letters:
        for name, value in _whole(letter).items():
            shown = value if isinstance(value, str) else orjson.dumps(value).decode()
            console.print(f"[bold]{name}[/] {printed(shown)}", soft_wrap=True)
        console.print()


@app.command(epilog="Example: hcdv-stream dlq replay --reason unknown_label --dry-run")
def replay(
    *,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    provider: Provider = None,
    key: RecordKey = None,
    group: Group = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
    bootstrap: Bootstrap = None,
    topic: TopicName = None,
    as_json: AsJson = False,
) -> None:
    """Send the records of letters to the sessions' topic once more, as they came.

    What was replayed before is left out, so that it can be done again after an interruption. A
    record that is rejected once more gets a new letter, which counts as not replayed: mend the
    cause first. A letter that does not hold its whole record is not replayed.
    """
    settings = load_settings(bootstrap=bootstrap, topic=topic)
    wanted = _filter(
        settings,
        reason=reason,
        since=since,
        until=until,
        partition=partition,
        provider=provider,
        key=key,
        group=group,
    )
    outcome = replays.replay(settings, wanted, dry_run=dry_run)
    if as_json:
        _print_json(
            {
                "dry_run": dry_run,
                "replayed": outcome.replayed,
                "already_replayed": outcome.already,
                "refused": dict(outcome.refused),
                "by_reason": dict(outcome.reasons.most_common()),
            }
        )
        return
    console.print(
        f"{'would be replayed' if dry_run else 'replayed'} {outcome.replayed:,}, "
        f"already replayed {outcome.already:,}, refused {outcome.refused.total():,}"
    )
    for why, count in outcome.refused.most_common():
        console.print(f"  {count:,} cannot be sent as they came: {why} in the letter")


def _filter(
    settings: Settings,
    *,
    since: str | None = None,
    until: str | None = None,
    partition: int | None = None,
    reason: str | None = None,
    **texts: str | None,
) -> LetterFilter:
    if reason is not None and reason not in REASONS:
        raise HcdvError(f"--reason={reason!r} is no reason: choose one of {', '.join(REASONS)}")
    return LetterFilter(
        settings.topic,
        reason=reason,
        since=_seconds("--since", since),
        until=_seconds("--until", until),
        partition=partition,
        **texts,
    )


def _seconds(option: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise HcdvError(f"{option}={text!r} is no time: write 2026-01-31T12:00:00") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _whole(letter: Letter) -> dict[str, object]:
    value, encoded = _text(letter.value)
    headers = [[name, _text(content)[0]] for name, content in letter.source_headers]
    return letter.row() | {"headers": headers, "value": value, "value_is_base64": encoded}


def _text(data: bytes | None) -> tuple[str | None, bool]:
    """Return bytes as text, in base64 where they are none; and which."""
    if data is None:
        return None, False
    try:
        return data.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(data).decode(), True


def _print_json(content: object) -> None:
    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2))


_MOST = {"key": 300}
"""Characters of a cell: a letter's own key, with which it is asked for, is no longer."""


def _table(rows: list[dict[str, object]]) -> Table:
    made = Table(title="newest", title_justify="left")
    columns = ("key", "time (UTC)", "reason", "provider", "replayed", "message")
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column == "reason")
    for row in rows:
        moment = datetime.fromisoformat(str(row["time"])).strftime("%Y-%m-%d %H:%M:%S")
        shown = row | {"time (UTC)": moment}
        made.add_row(
            *(shortened(_cell(shown[column]), _MOST.get(column, 100)) for column in columns)
        )
    return made


def _cell(value: object) -> str:
    """Write a cell for people."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
