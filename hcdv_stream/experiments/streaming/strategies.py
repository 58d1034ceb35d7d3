"""Ways to keep a growing stream valued: refresh what changed, or start again for every mini-batch.

Each takes the mini-batches one by one and says how long that took and what everything so far is
worth. Time is the process's own, so that whatever else the machine does is not in it; embedding is
the same for all and not counted, reading the values is.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.experiments.common.methods import Valued, read
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import PAPER, EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.methods.baselines.group_shapley import group_shapley
from hcdv_stream.valuation.methods.ridge_utility import RidgeGame
from hcdv_stream.valuation.methods.sampling.stopping import Rounds
from hcdv_stream.valuation.tree.bisection import parts
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.weights import Weights

Values = npt.NDArray[np.float64]

CLUSTERS = 64
ROUNDS = 8
"""Pairs of permutations of GS-FULL."""


@dataclass(frozen=True, slots=True)
class StreamedValues:
    """What all is worth after the last mini-batch, the seconds of each, how often a tree changed.

    ``rebuilt`` counts trees built anew, ``balanced`` rebalances of the one tree.
    """

    valued: Valued
    seconds: list[float]
    rebuilt: int
    balanced: int


@dataclass(frozen=True, slots=True)
class SessionStream:
    """A bundle and all records, which come ``size`` at a time."""

    bundle: Bundle
    batch: Batch
    size: int
    seed: int

    def stops(self) -> Iterator[tuple[int, int]]:
        """Yield where each mini-batch starts and stops."""
        for start in range(0, len(self.batch), self.size):
            yield start, min(start + self.size, len(self.batch))

    def corpus(self, engine: Engine) -> Corpus:
        """Read an engine."""
        classes = self.bundle.classes
        trusted = self.bundle.validation.counts(len(classes))
        return Corpus(engine.state(), engine.config.game, classes, trusted)


def incremental(
    stream: SessionStream, config: EngineConfig, weights: Weights | None
) -> StreamedValues:
    """HCDV-INC: one tree, of which a mini-batch touches a part."""
    bundle, seconds = stream.bundle, []
    engine = Engine.from_seed(config, len(bundle.classes), bundle.validation, bundle.seed)
    valued = Valued(np.zeros(0))
    for start, stop in stream.stops():
        started = time.process_time()
        engine.apply(stream.batch.slice(start, stop))
        valued = read(stream.corpus(engine), weights)
        seconds.append(time.process_time() - started)
    return StreamedValues(valued, seconds, 0, engine.header.rebalances)


def rebuilt(stream: SessionStream, config: EngineConfig, weights: Weights | None) -> StreamedValues:
    """HCDV-FULL: everything so far is cut into a new tree, and every game is played."""
    bundle, seconds = stream.bundle, []
    valued = Valued(np.zeros(0))
    for _, stop in stream.stops():
        started = time.process_time()
        state = plant(stream.batch.slice(0, stop), len(bundle.classes), config)
        engine = Engine(config, len(bundle.classes), bundle.validation, state)
        engine.play()
        valued = read(stream.corpus(engine), weights)
        seconds.append(time.process_time() - started)
    return StreamedValues(valued, seconds, len(seconds), 0)


def grouped(stream: SessionStream) -> StreamedValues:
    """GS-FULL: everything so far is cut into clusters, whose game of ridge models is sampled."""
    bundle, seconds = stream.bundle, []
    values = np.zeros(0)
    characteristic = Characteristic(bundle.validation, len(bundle.classes), 0.0)
    for _, stop in stream.stops():
        started = time.process_time()
        seen = stream.batch.slice(0, stop)
        clusters = parts(seen.embeddings, -(-stop // CLUSTERS))
        groups = np.empty(stop, np.int64)
        for number, rows in enumerate(clusters):
            groups[rows] = number
        game = RidgeGame(characteristic, seen.embeddings, seen.labels)
        found = group_shapley(game, groups, Rounds(ROUNDS), seed=stream.seed)
        values = (found.values / np.bincount(groups))[groups]
        seconds.append(time.process_time() - started)
    return StreamedValues(Valued(values), seconds, len(seconds), 0)


def by_chance(stream: SessionStream) -> StreamedValues:
    """RANDOM: a number drawn for every record."""
    values = np.random.default_rng([stream.seed, 7]).random(len(stream.batch))
    return StreamedValues(Valued(values), [0.0 for _ in stream.stops()], 0, 0)


def _default(stream: SessionStream) -> EngineConfig:
    return replace(EngineConfig(), tau=stream.bundle.tau, seed=stream.seed)


INCREMENTAL = "HCDV-INC (default)"
FULL = "HCDV-FULL (default)"
WAYS: Mapping[str, Callable[[SessionStream], StreamedValues]] = {
    INCREMENTAL: lambda stream: incremental(stream, _default(stream), Weights()),
    FULL: lambda stream: rebuilt(stream, _default(stream), Weights()),
    "HCDV-INC (as printed)": lambda stream: incremental(
        stream, replace(PAPER, seed=stream.seed), None
    ),
    "GS-FULL": grouped,
    "RANDOM": by_chance,
}
