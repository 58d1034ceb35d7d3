"""``hcdv-stream topics``: makes the topic of sessions and its dead-letter topic, or copies it."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from hcdv_stream.broker.log_copy import LogCopy
from hcdv_stream.broker.topic_facts import RETENTION
from hcdv_stream.broker.topics import create_topics, session_topics
from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import load_settings

app = typer.Typer(
    help="Make the topics that sessions arrive on and go to when they are rejected.",
    no_args_is_help=True,
)

Bootstrap = Annotated[str | None, typer.Option(help="Kafka bootstrap servers, HOST:PORT[,..].")]
TopicName = Annotated[str | None, typer.Option(help="Topic that sessions arrive on.")]


@app.callback()
def _root() -> None:
    pass


@app.command(
    epilog="Example: hcdv-stream topics create --bootstrap localhost:9092 --topic sessions"
)
def create(
    bootstrap: Bootstrap = None,
    topic: TopicName = None,
    partitions: Annotated[int | None, typer.Option(help="Partitions of each topic.")] = None,
    replication: Annotated[int | None, typer.Option(help="Replicas of each partition.")] = None,
) -> None:
    """Create the topic of sessions and its dead-letter topic; those that are there stay.

    What is not given comes from the environment: HCDV_BOOTSTRAP, HCDV_TOPIC, HCDV_PARTITIONS,
    HCDV_REPLICATION.
    """
    settings = load_settings(
        bootstrap=bootstrap, topic=topic, partitions=partitions, replication=replication
    )
    wanted = session_topics(settings)
    created = create_topics(settings.bootstrap, wanted)
    kept = ", ".join(f"{name}={value}" for name, value in RETENTION.items())
    for name in (one.name for one in wanted):
        if name in created:
            typer.echo(f"{name}: created; keeps all records ({kept})")
        else:
            typer.echo(f"{name}: was there; `hcdv-stream doctor` looks at what it keeps")


@app.command(epilog="Example: hcdv-stream topics repartition --partitions 8 --to sessions-8p")
def repartition(
    *,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of the copy.")],
    to: Annotated[
        str | None, typer.Option(help="Topic to copy into; default: TOPIC-<partitions>p.")
    ] = None,
    bootstrap: Bootstrap = None,
    topic: TopicName = None,
    replication: Annotated[int | None, typer.Option(help="Replicas of each partition.")] = None,
) -> None:
    """Copy the topic of sessions into a new one with another number of partitions.

    All committed records are copied, deletions too; those of an id keep their order. Stop the
    producers first. What is not given comes from the environment (HCDV_BOOTSTRAP, HCDV_TOPIC,
    HCDV_REPLICATION).
    """
    settings = load_settings(
        bootstrap=bootstrap, topic=topic, partitions=partitions, replication=replication
    )
    source, name = settings.topic, to or copied_name(settings.topic, partitions)
    if name == source:
        raise HcdvError(f"--to={name} is the topic to copy: choose another name")
    target = settings.model_copy(update={"topic": name})
    with (
        _stoppable(),
        LogCopy(settings.bootstrap, source, *session_topics(target)) as copy,
        _bar() as bar,
    ):
        task = bar.add_task(f"{source} to {name}", total=None)
        late = copy.run(lambda done, most: bar.update(task, completed=done, total=most))
    typer.echo(
        f"copied {copy.records:,} records of {source!r} into {name!r} ({partitions} partitions)"
    )
    if late:
        typer.echo(f"{late:,} of them came while it was copying: are all producers stopped?")
    if copy.misplaced:
        typer.echo(
            f"{copy.misplaced:,} of them lay where Kafka's default partitioner does not put their "
            "id: partitions were added, or a producer uses another partitioner, which has to be "
            "murmur2 from now on (librdkafka: partitioner=murmur2_random)"
        )
    if copy.unstamped:
        typer.echo(
            f"{copy.unstamped:,} of them have times that the broker did not stamp. Where records "
            "of several partitions meet in one, these times decide which of two like examples came "
            "first and is paid: who can write them can claim others' examples. Pay by the copy "
            "only if you trust the producers' clocks (message.timestamp.type=LogAppendTime stamps)"
        )
    typer.echo(
        "next:\n"
        f"  1. stop the workers, APIs and gateways of {source!r}\n"
        f"  2. set HCDV_TOPIC={name} and HCDV_PARTITIONS={partitions} for producers and services\n"
        "  3. start them: the workers value the copy from its beginning\n"
        f"  4. delete {source!r} and {settings.state_dir}/{source} when you need them no more"
    )


def copied_name(topic: str, partitions: int) -> str:
    """Return the name of a copy: the topic's with the number of partitions behind it."""
    return f"{re.sub(r'-[0-9]+p$', '', topic)}-{partitions}p"


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM and SIGINT end the copy with one sentence, also if the starter ignores SIGINT."""

    def stop(number: int, _: object) -> None:
        raise HcdvError(
            f"stopped by {signal.Signals(number).name}: the unfinished copy was deleted again, so "
            "run the command anew"
        )

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
