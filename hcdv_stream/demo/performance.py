"""The demo from its options to its end: prepares, starts, streams, compares, tells, and waits."""

import os
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import orjson
from rich.console import Console

from hcdv_stream.broker.topics import partition_counts
from hcdv_stream.demo import tables
from hcdv_stream.demo.data import (
    CLICKSTREAM_FLIPS,
    SESSIONS,
    FileInput,
    Prepared,
    prepare_clickstream,
    prepare_file,
)
from hcdv_stream.demo.live_display import LiveDisplay
from hcdv_stream.demo.run import Stopwatch, compare_selections, stream
from hcdv_stream.demo.service import RunningService, kafka, running
from hcdv_stream.demo.stopping import Stopped
from hcdv_stream.demo.summary import Summary
from hcdv_stream.demo.workspace import Workspace
from hcdv_stream.offline.examples import Roles, read_examples
from hcdv_stream.offline.progress_bar import bar, training_bar
from hcdv_stream.settings import Settings

_EMBEDDED_TOPIC = "sessions"
_CHECK_SECONDS = 0.5
REACH_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class StreamedFile:
    """The file to stream."""

    path: Path
    roles: Roles
    drop: tuple[str, ...] = ()

    def read(self) -> FileInput:
        """Read its labelled rows; raises TableError."""
        examples = read_examples(self.path, self.roles, self.drop)
        return FileInput(
            self.path.name, self.roles.label, examples, timed=self.roles.time is not None
        )


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What is wanted of a demo; see the options of ``hcdv-stream demo``.

    ``settings`` give partitions, ports (0: free ones) and seed; a ``source`` of None is the
    click-stream; a ``rate`` of None is as fast as sessions go; ``bootstrap`` of None is the
    embedded broker. ``stay`` keeps everything up at the end.
    """

    settings: Settings
    source: StreamedFile | None = None
    sessions: int | None = None
    rate: float | None = None
    flip_share: float | None = None
    bootstrap: str | None = None
    kafka_port: int = 0
    stay: bool = False
    json: Path | None = None


def perform(options: DemoOptions, console: Console) -> None:
    """Give the demo; leaves nothing behind, however it ends. Raises HcdvError and Stopped."""
    watch = Stopwatch()
    with (
        Workspace() as workspace,
        kafka(options.bootstrap, options.kafka_port) as (bootstrap, broker),
    ):
        # torch's optimisers make a cache directory, even where nothing is ever compiled.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(workspace.path / "torch"))
        partition_counts(bootstrap, [], REACH_SECONDS)  # fails now rather than after the training
        prepared = _prepared(options)
        _introduce(prepared, console)
        bundle = workspace.path / "bundle"
        prepared.bundle.save(bundle)
        watch.lap("train")
        topic = _EMBEDDED_TOPIC if broker else f"hcdv-demo-{uuid.uuid4().hex[:8]}"
        settings = options.settings.model_copy(
            update={
                "bootstrap": bootstrap,
                "topic": topic,
                "group": topic,
                "bundle": bundle,
                "state_dir": workspace.path / "state",
            }
        )
        with ExitStack() as stack:
            with console.status("starting the worker and the API"):
                service = stack.enter_context(
                    running(settings, workspace, made_here=broker is not None)
                )
            watch.lap("start")
            summary = _streamed(options, service, prepared, watch, console)
            _tell(summary, console)
            if options.json is not None:
                options.json.write_bytes(
                    orjson.dumps(summary.to_json(), option=orjson.OPT_INDENT_2) + b"\n"
                )
            if options.stay:
                _stay(service, console)


def _prepared(options: DemoOptions) -> Prepared:
    seed = options.settings.seed
    with training_bar() as report:
        if options.source is None:
            flips = CLICKSTREAM_FLIPS if options.flip_share is None else options.flip_share
            return prepare_clickstream(options.sessions or SESSIONS, flips, seed, report)
        return prepare_file(
            options.source.read(), options.sessions, options.flip_share or 0.0, seed, report
        )


def _introduce(prepared: Prepared, console: Console) -> None:
    bundle, flipped = prepared.bundle, int(prepared.replay.flipped.sum())
    notes = [
        f"{len(prepared.replay.examples):,} to stream",
        f"{prepared.trusted:,} trusted to judge them (V)",
        f"{len(prepared.test):,} to test with",
    ]
    if flipped:
        notes.append(f"{flipped:,} of the streamed labels made wrong")
    console.print(f"[bold]{prepared.title}[/]: {', '.join(notes)}", highlight=False, soft_wrap=True)
    console.print(
        f"bundle: {len(bundle.schema.features)} features → {bundle.dimensions} dimensions, "
        f"{len(bundle.seed.centroids)} seed leaves, classes {', '.join(bundle.classes[:8])}",
        highlight=False,
        soft_wrap=True,
    )


def _streamed(
    options: DemoOptions,
    service: RunningService,
    prepared: Prepared,
    watch: Stopwatch,
    console: Console,
) -> Summary:
    total = len(prepared.replay.examples)
    with LiveDisplay(console, prepared.title, total, f"API {service.api}/v1/summary") as view:
        last = stream(service, prepared, options.rate, view.show)
    watch.lap("stream")
    with bar() as shown:
        task = shown.add_task("training models on selections", total=4)
        auc, found = compare_selections(
            service, prepared, options.settings.seed, lambda: shown.advance(task)
        )
    watch.lap("judge")
    return Summary(
        *(prepared, last, auc, found, watch.seconds),
        partitions=options.settings.partitions,
        seed=options.settings.seed,
    )


def _tell(summary: Summary, console: Console) -> None:
    last = summary.last
    console.print()
    console.print(tables.figures(last))
    for block in (
        tables.both_ends(last, "five "),
        tables.providers(last.providers),
        tables.comparison(summary),
    ):
        console.print()
        console.print(block)
    if summary.detection is not None:
        console.print(
            f"wrong labels found by low values: AUC {summary.detection:.3f} inside each class"
        )
    elif summary.auc["select20"] < summary.auc["random20"]:
        console.print(
            "Labels were streamed as they are; where nearly all are right a random draw is hard "
            "to beat. See what wrong ones do with --flip-share 0.1."
        )
    told = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in summary.seconds.items())
    console.print(f"{sum(summary.seconds.values()):.0f} s altogether: {told}", highlight=False)


def _stay(service: RunningService, console: Console) -> None:
    addresses: Sequence[tuple[str, str]] = (
        ("Kafka", f"{service.bootstrap}, topic {service.topic}"),
        ("live page", f"{service.api}/"),
        ("API", f"{service.api}/docs"),
        ("worker's metrics", f"{service.metrics}/metrics"),
    )
    console.print()
    for name, address in addresses:
        console.print(f"[bold]{name}[/]: {address}", highlight=False, soft_wrap=True)
    console.print("Everything stays up until Ctrl-C.", highlight=False)
    try:
        while True:
            service.check()
            time.sleep(_CHECK_SECONDS)
    except Stopped:
        console.print("Stopping.")
