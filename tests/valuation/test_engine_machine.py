"""Whatever happens in whatever order: incremental equals from scratch, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from hcdv_stream.valuation.batch import DELETION, Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.values import residual
from tests.valuation.states import check_shape, prints, replayed
from tests.valuation.worlds import batch_of, seed_of, validation_of

CLASSES, DIMENSIONS = 3, 4
SMALL = EngineConfig(
    neighbours=3,
    leaf_size=8,
    branching=(3, 4),
    tau=0.5,
    rebalance_every=2,
    merge_below=3,
    update_size=20,
    permutations=8,
)
VALIDATION = validation_of(40, CLASSES, DIMENSIONS)


def joined(batches: list[Batch]) -> Batch:
    return Batch(
        [name for batch in batches for name in batch.ids],
        np.concatenate([batch.labels for batch in batches]),
        [name for batch in batches for name in batch.providers],
        np.concatenate([batch.timestamps for batch in batches]),
        np.concatenate([batch.embeddings for batch in batches]),
    )


class EngineMachine(RuleBasedStateMachine):
    """Feeds an engine at random, keeping a model of who should be there."""

    config = SMALL

    def __init__(self) -> None:
        super().__init__()
        self.seed = seed_of(self.config, CLASSES, DIMENSIONS)
        self.engine = Engine.from_seed(self.config, CLASSES, VALIDATION, self.seed)
        self.stored = self.engine.state()
        self.log: list[Batch] = []
        self.present: dict[str, tuple[int, bytes]] = {}
        self.serial = 0

    def feed(self, batch: Batch) -> None:
        self.log.append(batch)
        self.stored = self.engine.apply(batch).applied_to(self.stored)
        for row, name in enumerate(batch.ids):
            if batch.labels[row] == DELETION:
                del self.present[name]
            else:
                self.present[name] = (int(batch.labels[row]), batch.embeddings[row].tobytes())

    @rule(seed=st.integers(0, 10_000), count=st.integers(1, 60))
    def add(self, seed: int, count: int) -> None:
        self.serial += 1
        examples = batch_of(count, CLASSES, DIMENSIONS, np.random.default_rng(seed))
        self.feed(replace(examples, ids=[f"{self.serial}-{name}" for name in examples.ids]))

    @rule(seed=st.integers(0, 10_000), count=st.integers(1, 25))
    def upsert(self, seed: int, count: int) -> None:
        generator = np.random.default_rng(seed)
        examples = batch_of(count, CLASSES, DIMENSIONS, generator)
        names = sorted(self.present) or ["first"]
        self.feed(
            replace(examples, ids=[names[i] for i in generator.integers(0, len(names), count)])
        )

    @rule(seed=st.integers(0, 10_000), share=st.sampled_from([0.1, 0.9, 1.0]))
    def delete(self, seed: int, share: float) -> None:
        names = sorted(self.present)
        generator = np.random.default_rng(seed)
        chosen = generator.permutation(len(names))[: int(share * len(names))]
        self.feed(Batch.of_deletions([names[i] for i in chosen], DIMENSIONS))

    @rule()
    def restart(self) -> None:
        self.engine = Engine(self.config, CLASSES, VALIDATION, self.stored)

    @invariant()
    def state_is_the_sum_of_deltas(self) -> None:
        assert prints(self.engine.state()) == prints(self.stored)

    @invariant()
    def everybody_is_there_once(self) -> None:
        found = {
            name: (int(leaf.examples.labels[row]), leaf.examples.embeddings[row].tobytes())
            for leaf in self.stored.leaves.values()
            for row, name in enumerate(leaf.examples.ids)
        }
        assert found == self.present
        assert len(self.engine) == len(self.present)
        settled = self.stored.header.records % self.config.update_size == 0
        check_shape(self.stored, self.config, settled=settled)

    @invariant()
    def incremental_equals_from_scratch(self) -> None:
        if self.log:
            again = replayed(self.stored, self.config, CLASSES, VALIDATION)
            assert prints(again) == prints(self.stored)

    @invariant()
    def values_are_efficient(self) -> None:
        if self.log:
            trusted = VALIDATION.counts(CLASSES)
            corpus = Corpus(self.stored, self.config.game, ["a", "b", "c"], trusted)
            assert residual(corpus.state_values()) < 1e-9

    def teardown(self) -> None:
        if not any(map(len, self.log)):
            return
        log = joined(self.log)
        assert prints(self.cut(log, [len(log)])) == prints(self.stored)
        generator = np.random.default_rng(len(log))
        assert prints(self.cut(log, generator.integers(1, 30, len(log)).tolist())) == prints(
            self.stored
        )

    def cut(self, log: Batch, sizes: list[int]) -> EngineState:
        """Return the state after the same log in other pieces."""
        engine = Engine.from_seed(self.config, CLASSES, VALIDATION, self.seed)
        start = 0
        for size in sizes:
            if start < len(log):
                engine.apply(log.slice(start, start + size))
            start += size
        return engine.state()


class PrintedMachine(EngineMachine):
    config = replace(SMALL, game="algorithm1")


@pytest.mark.parametrize("machine", [EngineMachine, PrintedMachine])
def test_any_sequence(machine: type[EngineMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
