"""The latency experiment's result as tables, each figure beside its target."""

from collections.abc import Mapping
from typing import Any

from hcdv_stream.experiments.experiment import Result, ResultTable
from hcdv_stream.experiments.latency.worker_path import STAGES


def tables(result: Result) -> list[ResultTable]:
    """Return latencies, the cost of size, recomputation, and the worker's rate and memory."""
    return [
        _updates(result),
        _stages(result),
        _growth(result),
        _recomputation(result),
        _worker(result),
    ]


def _measured(result: Result) -> list[tuple[str, Mapping[str, Any], str]]:
    examples = f"{result['examples']:,}"
    return [
        (f"150 sessions at {examples} examples", result["mini_batches"], "p99 ≤ 100"),
        (f"1,500 sessions, up to {examples}", result["day_batches"], "≤ 500"),
        ("the same, algorithm1", result["algorithm1"], "< 2,000"),
    ]


def _updates(result: Result) -> ResultTable:
    rows = [
        (
            what,
            f"{found['batches']}",
            *_row(found["wall_seconds"]),
            _milliseconds(found["processor_seconds"]["p99"]),
            target,
        )
        for what, found, target in _measured(result)
    ]
    note = (
        f"Milliseconds on {result['processors']} processors, load {result['load_at_start']:.1f} at "
        "the start, from decoding to the durable write; Kafka is not in it."
    )
    columns = ("one update of", "updates", "p50", "p99", "max", "p99 of processor", "target")
    return ResultTable("Latency of an update", columns, rows, note)


def _stages(result: Result) -> ResultTable:
    rows = [
        (what, *(_milliseconds(found["stage_mean_seconds"][stage]) for stage in STAGES))
        for what, found, _ in _measured(result)
    ]
    return ResultTable("Where an update's time goes", ("", *STAGES), rows, "Mean milliseconds.")


def _row(seconds: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(_milliseconds(seconds[name]) for name in ("p50", "p99", "max"))


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.1f}"


def _growth(result: Result) -> ResultTable:
    growth = result["growth"]
    rows = [
        (
            f"{growth[size]['examples']:,}",
            _milliseconds(growth[size]["wall_seconds"]["p50"]),
            _milliseconds(growth[size]["processor_seconds"]["p50"]),
        )
        for size in ("small", "large")
    ]
    rows.append(
        ("ratio (target ≤ 1.5)", f"{growth['ratio_wall']:.2f}", f"{growth['ratio_processor']:.2f}")
    )
    note = "Medians of updates of 150 sessions, in milliseconds, measured turn by turn."
    return ResultTable("What size costs", ("examples", "wall clock", "processor"), rows, note)


def _recomputation(result: Result) -> ResultTable:
    found = result["recomputation"]
    rows = [
        (
            f"{each['records']}",
            _milliseconds(each["seconds"]),
            f"{each['rebuild_ratio']:.1f}",
            f"{each['replay_ratio']:.1f}",
        )
        for each in found["incremental"]
    ]
    note = (
        f"Processor milliseconds of place and play at {result['examples']:,} examples. Rebuilding "
        f"cuts the hierarchy from all examples, places them and plays every game: "
        f"{_milliseconds(found['rebuild_seconds'])} ms (the paper's full recomputation; target 20 "
        f"times). Replaying plays every game on the tree as it is: "
        f"{_milliseconds(found['replay_seconds'])} ms."
    )
    columns = ("new sessions", "incremental", "rebuilding ÷ incremental", "replaying ÷ incremental")
    return ResultTable("Incremental beside recomputation", columns, rows, note)


def _worker(result: Result) -> ResultTable:
    found = result["worker"]
    rows = [
        (
            name,
            f"{found[key]['records_per_second']:,.0f}",
            f"{found[key]['resident_bytes'] / 2**20:,.0f}",
            f"{found[key]['peak_bytes'] / 2**20:,.0f}",
        )
        for name, key in (("worker", "worker"), ("validate and acknowledge alone", "bare_agent"))
    ]
    note = (
        f"{found['sessions']:,} sessions in {found['partitions']} partitions from one embedded "
        f"broker on the same machine, one process after the other; ratio {found['ratio']:.2f}. "
        f"Memory in MiB with all {found['sessions']:,} examples in the worker (target ≤ 800 MB)."
    )
    return ResultTable("The worker", ("", "sessions per second", "resident", "peak"), rows, note)
