"""Where the defaults come from: one parameter at a time, on seeds that ``quality`` never uses."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hcdv_stream.bundle.training import TrainingOptions
from hcdv_stream.experiments.common.cases import ExperimentCase, prepare
from hcdv_stream.experiments.common.datasets import Dataset, four_sets
from hcdv_stream.experiments.common.methods import read, streamed
from hcdv_stream.experiments.common.scores import MEASURES, References, score
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.embedding.encoder_training import EncoderOptions
from hcdv_stream.valuation.weights import Weights

FIRST_SEED = 100
SMALL = 300


@dataclass(frozen=True, slots=True)
class ParameterChoice:
    """One value of one parameter, everything else at its default."""

    parameter: str
    value: str
    training: TrainingOptions = field(default_factory=TrainingOptions)
    engine: EngineConfig = field(default_factory=EngineConfig)
    weights: Weights = field(default_factory=Weights)
    tau: bool = True


def choices() -> list[ParameterChoice]:
    """Return everything that is tried, the defaults first; alike engines stand together."""
    return [ParameterChoice("defaults", "all"), *_weights(), *_engines(), *_encoders()]


def _weights() -> Iterator[ParameterChoice]:
    for lam in (0.0, 0.05, 0.1, 0.3, 1.0):
        yield ParameterChoice("λ (contrast of the game)", f"{lam}", weights=Weights(lam=lam))
    for beta in (0.0, 0.25, 0.5, 0.75, 1.0):
        yield ParameterChoice("β (peers' share)", f"{beta}", weights=Weights(beta=beta))


def _engines() -> Iterator[ParameterChoice]:
    usual = EngineConfig()
    for neighbours in (1, 3, 5, 10, 20):
        yield ParameterChoice("k", f"{neighbours}", engine=replace(usual, neighbours=neighbours))
    for size in (32, 64, 128):
        yield ParameterChoice("M", f"{size}", engine=replace(usual, leaf_size=size))
    for tau in (0.2, 0.35):
        yield ParameterChoice("τ", f"{tau}", engine=replace(usual, tau=tau), tau=False)
    yield ParameterChoice("τ", "none", tau=False)


def _encoders() -> Iterator[ParameterChoice]:
    usual = EncoderOptions()
    for contrast in (0.0, 1.0, 3.0, 10.0, 30.0):
        yield _encoder("λ of the encoder", contrast, replace(usual, contrast=contrast))
    for dimensions in (8, 16, 32):
        yield _encoder("d", dimensions, replace(usual, dimensions=dimensions))
    for smoothness in (0.0, 0.01, 1.0):
        yield _encoder("α (smoothness)", smoothness, replace(usual, smoothness=smoothness))


def _encoder(parameter: str, value: float, stage_one: EncoderOptions) -> ParameterChoice:
    return ParameterChoice(parameter, f"{value}", training=TrainingOptions(stage_one=stage_one))


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Score every choice on every set and seed; utility counts from a random draw, in points."""
    seeds = [FIRST_SEED + index for index in range(options.seeds)]
    tried = choices()[:2] if options.small else choices()
    sets = four_sets(options.data, SMALL if options.small else None)
    progress.plan(len(sets) * len(seeds))
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        for read_set in sets:
            data = read_set(seed)
            progress.begin(f"{data.name}, seed {seed}")
            rows += _scores(data, seed, tried)
            progress.done()
    return {"experiment": "tuning", "seeds": seeds, "runs": rows}


def _scores(data: Dataset, seed: int, tried: Sequence[ParameterChoice]) -> Iterator[dict[str, Any]]:
    case_of = _remembered(lambda training: prepare(data, seed, training))
    references: References | None = None
    corpus_of = _remembered(lambda key: streamed(case_of(key[0]), key[1]))
    for choice in tried:
        case: ExperimentCase = case_of(choice.training)
        references = references or References.of(case)
        engine = replace(choice.engine, tau=case.tau) if choice.tau else choice.engine
        corpus = corpus_of((choice.training, engine))
        scores = score(case, read(corpus, choice.weights))
        points = {
            "detection": scores["detection"],
            "top": 100 * (scores["top"] - references.random),
            "select": 100 * (scores["select"] - references.random),
        }
        yield {
            "parameter": choice.parameter,
            "value": choice.value,
            "set": data.name,
            "seed": seed,
            **points,
        }


def _remembered(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Remember what was made, for keys that can be hashed."""
    made: dict[Any, Any] = {}

    def get(key: Any) -> Any:
        if key not in made:
            made[key] = make(key)
        return made[key]

    return get


def tables(result: Result) -> list[ResultTable]:
    """Return one table: each choice's means over sets and seeds."""
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in result["runs"]:
        grouped[row["parameter"], row["value"]].append(row)
    cells = [
        (*key, *(_mean(rows, measure) for measure in MEASURES)) for key, rows in grouped.items()
    ]
    columns = ("parameter", "value", "detection", "top 30%, points", "select 30%, points")
    count = len({(row["set"], row["seed"]) for row in result["runs"]})
    note = (
        f"Means over {count} runs (sets × seeds {result['seeds'][0]} to {result['seeds'][-1]}), "
        "one parameter at a time; points of AUC above a random 30%."
    )
    return [ResultTable("Tuning", columns, cells, note)]


def _mean(rows: Sequence[dict[str, Any]], measure: str) -> str:
    mean = float(np.mean([row[measure] for row in rows]))
    return f"{mean:.3f}" if measure == "detection" else f"{mean:+.2f}"
