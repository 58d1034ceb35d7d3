"""``hcdv-stream simulate clickstream|replay``: sessions for a topic, generated or from a file."""

import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from hcdv_stream.cli import columns
from hcdv_stream.cli.file_notes import say_notes
from hcdv_stream.errors import HcdvError
from hcdv_stream.offline.examples import Roles, read_examples
from hcdv_stream.offline.progress_bar import bar
from hcdv_stream.offline.tables import write_table
from hcdv_stream.settings import Settings, load_settings
from hcdv_stream.simulators.clickstream import generate
from hcdv_stream.simulators.clickstream_examples import clickstream_replay, clickstream_table
from hcdv_stream.simulators.messages import Message, messages
from hcdv_stream.simulators.publishing import Publisher, paced
from hcdv_stream.simulators.replay import ExampleStream
from hcdv_stream.simulators.replay import replay as prepare

_INTERRUPTED_SECONDS = 10.0
"""How long Ctrl-C waits for acknowledgements."""

app = typer.Typer(
    help="Send sessions to a topic: generated ones, or a file's.", no_args_is_help=True
)

Bootstrap = Annotated[str | None, typer.Option(help="Kafka bootstrap servers, HOST:PORT[,..].")]
TopicName = Annotated[str | None, typer.Option(help="Topic to send to.")]
Rate = Annotated[
    float | None, typer.Option(help="Sessions per second; without it as fast as they go.")
]
FlipShare = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Share of the labels that are made wrong.")
]
TrustedShare = Annotated[
    float,
    typer.Option(min=0.0, max=1.0, help="Share of the sessions that say that they are trusted."),
]
Flips = Annotated[
    Path | None, typer.Option(help="File (.csv, .parquet) that records whose label is wrong.")
]


@app.callback()
def _root() -> None:
    pass


@app.command(
    epilog="Example: hcdv-stream simulate clickstream --rate 500 --flip-share 0.1 --flips flips.csv"
)
def clickstream(
    *,
    days: Annotated[int, typer.Option(min=1, help="Days to generate.")] = 10,
    sessions_per_day: Annotated[int, typer.Option(min=1, help="Sessions on each day.")] = 1500,
    first_day: Annotated[
        int, typer.Option(help="Number of the first day; days before 0 are the history.")
    ] = 0,
    start: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="Date of day 0.", show_default="2026-01-05"),
    ] = datetime(2026, 1, 5),
    draw: Annotated[
        int, typer.Option(min=0, help="Another number gives other sessions of the same days.")
    ] = 0,
    drift: Annotated[
        float, typer.Option(min=0.0, help="Strength of the drift from day to day; 0: none.")
    ] = 1.0,
    flip_share: FlipShare = 0.0,
    flips: Flips = None,
    trusted_share: TrustedShare = 0.0,
    rate: Rate = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write a .csv, .parquet or .ndjson file, and send nothing."),
    ] = None,
    bootstrap: Bootstrap = None,
    topic: TopicName = None,
    seed: columns.Seed = None,
) -> None:
    """Generate a web shop's sessions; about 15% end in a purchase, several sellers sell them.

    The columns of a file are session, time, provider, 38 features and purchase (yes or no): with
    `--first-day -4 --days 4 --out history.csv` it is what `train` needs.
    """
    settings = load_settings(bootstrap=bootstrap, topic=topic, seed=seed)
    sessions = generate(
        days,
        sessions_per_day,
        settings.seed,
        first_day=first_day,
        draw=draw,
        start=start.replace(tzinfo=UTC),
        flip_share=flip_share,
        drift=drift,
    )
    replayed = clickstream_replay(sessions)
    _record_flips(replayed, flips)
    if out is None:
        _send(settings, messages(replayed.examples, None, trusted_share), len(sessions), rate)
    elif out.suffix.lower() in (".ndjson", ".jsonl"):
        _write_lines(out, messages(replayed.examples, None, trusted_share))
    else:
        _write_table(out, clickstream_table(sessions))


@app.command(
    epilog="Example: hcdv-stream simulate replay --input clicks.csv --label bought --rate 200"
)
def replay(
    *,
    source: columns.Input,
    label: columns.Label,
    id_column: columns.Id = None,
    time_column: Annotated[
        str | None,
        typer.Option("--time", help="Column that holds the time; rows are sent in its order."),
    ] = None,
    provider: columns.Provider = None,
    drop: columns.Drop = None,
    flip_share: FlipShare = 0.0,
    flips: Flips = None,
    trusted_share: TrustedShare = 0.0,
    rate: Rate = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Send only so many of the first sessions.")
    ] = None,
    bootstrap: Bootstrap = None,
    topic: TopicName = None,
    seed: columns.Seed = None,
) -> None:
    """Send a file's labelled rows as sessions, in order of time where there is a time column.

    Every column without a role is a feature. Without a time column sessions happen now.
    """
    settings = load_settings(bootstrap=bootstrap, topic=topic, seed=seed)
    roles = Roles(label=label, id=id_column, time=time_column, provider=provider)
    examples = read_examples(source, roles, columns.names(drop))
    say_notes(examples.notes)
    replayed = prepare(examples, flip_share, settings.seed)
    _record_flips(replayed, flips)
    sent = replayed.examples.take(np.arange(min(limit or len(examples), len(examples))))
    now = None if time_column else time.time()
    _send(settings, messages(sent, now, trusted_share), len(sent), rate)
    if examples.unlabelled:
        typer.echo(f"{examples.unlabelled:,} rows without a label were left out", err=True)


def _send(settings: Settings, messages: Iterable[Message], count: int, rate: float | None) -> None:

    began = time.monotonic()
    with Publisher(settings.bootstrap, settings.topic, say=_say) as publisher, bar() as shown:
        task = shown.add_task(f"sending to {settings.topic!r}", total=count)
        try:
            for message in paced(messages, rate):
                publisher.send(message)
                shown.update(task, completed=publisher.sent)
        except KeyboardInterrupt:
            publisher.flush(_INTERRUPTED_SECONDS)
            _say(f"stopped after {publisher.acknowledged:,} of {count:,} sessions")
            raise
    seconds = time.monotonic() - began
    _say(
        f"{publisher.sent:,} sessions sent to {settings.topic!r} at {settings.bootstrap} "
        f"in {seconds:.1f} s"
    )


def _record_flips(replayed: ExampleStream, path: Path | None) -> None:
    if path is not None:
        _write_table(path, replayed.flips())


def _write_table(path: Path, table: object) -> None:

    write_table(path, table)
    _say(f"{len(table):,} rows written to {path}")  # type: ignore[arg-type]


def _write_lines(path: Path, messages: Iterable[Message]) -> None:
    try:
        with path.open("wb") as file:
            count = sum(file.write(message.value + b"\n") > 0 for message in messages)
    except OSError as error:
        raise HcdvError(f"{path} cannot be written: {error.strerror or error}") from error
    _say(f"{count:,} sessions written to {path}")


def _say(sentence: str) -> None:
    Console(file=sys.stderr).print(sentence, highlight=False, soft_wrap=True, markup=False)
