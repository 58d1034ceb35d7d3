"""Reads of examples beside heavy questions: does an answer over all providers hold them up?

Every session is of a provider of its own, the worst that the answers over providers can meet. Four
loops ask for them as fast as they are answered, while so many reads of examples a second go on;
the same reads are measured without the loops in turn. Nothing streams: what is measured is the API.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from hcdv_stream.demo.service import RunningService
from hcdv_stream.experiments.api_load.run import (
    fill_corpus,
    quantiles,
    read_examples,
    trained_service,
)
from hcdv_stream.experiments.common.feed import endless_messages
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)
from hcdv_stream.runtime.child_process import tethered
from hcdv_stream.simulators.messages import Message

_LOOPS = 4
_GOAL_SECONDS = 0.05
_END_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class MarketScale:
    """Providers, reads a second, turns, and the seconds of each half of a turn."""

    providers: int = 100_000
    reads: float = 100.0
    turns: int = 3
    seconds: float = 20.0


_SMALL = MarketScale(providers=200, reads=60.0, turns=1, seconds=0.5)


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Measure once; ``seeds`` is which stream it is on."""
    scale = _SMALL if options.small else MarketScale()
    progress.plan(2 + scale.turns)
    alone, beside, heavy = list[dict[str, Any]](), list[dict[str, Any]](), 0
    with trained_service(options, progress) as (settings, _, start), start as service:
        progress.begin("filling")
        ids = fill_corpus(settings, service, _market(options.seeds, scale.providers))
        progress.done()
        for turn in range(scale.turns):
            progress.begin(f"turn {turn + 1} of {scale.turns}")
            plan = service, scale.reads, scale.seconds, ids, settings.state_dir.parent
            alone += read_examples(*plan)
            loops = _loops(service, scale.seconds)
            beside += read_examples(*plan)
            heavy += int(loops.communicate(timeout=scale.seconds + _END_SECONDS)[0])
            progress.done()
    return {
        "experiment": "heavy-reads",
        "processors": os.cpu_count(),
        "load_at_end": os.getloadavg()[0],
        "providers": scale.providers,
        "reads_per_second": scale.reads,
        "loops": _LOOPS,
        "heavy_answers": heavy,
        "failed": sum(each["status"] != 200 for each in alone + beside),
        "alone_seconds": quantiles([each["seconds"] for each in alone]),
        "beside_seconds": quantiles([each["seconds"] for each in beside]),
    }


def tables(result: Result) -> Sequence[ResultTable]:
    """Return the figures beside their target."""
    alone, beside = result["alone_seconds"], result["beside_seconds"]
    rows = [
        ("reads alone, p50 / p99", _times(alone), ""),
        ("reads beside the loops, p50 / p99", _times(beside), f"p99 ≤ {_GOAL_SECONDS * 1e3:g} ms"),
        ("answers that the loops got", f"{result['heavy_answers']:,}", ""),
        ("reads that failed", str(result["failed"]), "0"),
    ]
    note = (
        f"{result['reads_per_second']:g} reads of an example a second, {result['loops']} loops "
        f"over /v1/providers and /v1/payouts with {result['providers']:,} providers; worker, API, "
        f"loops and reader on {result['processors']} processors."
    )
    return [ResultTable("Reads beside heavy questions", ("", "found", "target"), rows, note)]


def _market(seed: int, providers: int) -> Iterator[Message]:
    """Yield as many sessions, each of a provider of its own."""
    for number, message in enumerate(islice(endless_messages(seed), providers)):
        session = orjson.loads(message.value) | {"provider": f"seller-{number}"}
        yield Message(message.key, orjson.dumps(session))


def _loops(service: RunningService, seconds: float) -> "subprocess.Popen[str]":
    module = [sys.executable, "-m", "hcdv_stream.experiments.api_load.heavy_loops"]
    command = tethered([*module, service.api, str(seconds), str(_LOOPS)])
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def _times(seconds: dict[str, float]) -> str:
    return f"{seconds['p50'] * 1e3:.1f} / {seconds['p99'] * 1e3:.1f} ms"
