"""``hcdv-stream topics create``: the topic of sessions and its dead-letter topic."""

from typing import Annotated

import typer

from hcdv_stream.broker.topic_facts import RETENTION
from hcdv_stream.broker.topics import create_topics, session_topics
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
