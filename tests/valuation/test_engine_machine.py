"""Whatever happens in whatever order: incremental equals from scratch, bit for bit."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from hcdv_stream.valuation.batch import DELETION, Batch
from hcdv_stream.valuation.completeness import miscount
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
        doubts=np.concatenate([batch.doubts for batch in batches]),
        trusted=np.concatenate(
            [
                np.zeros(len(batch), np.bool_) if batch.trusted is None else batch.trusted
                for batch in batches
            ]
        ),
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
            self.present.pop(name, None)
            joins = batch.trusted is not None and batch.trusted[row]
            if batch.labels[row] != DELETION and not joins:
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
        assert miscount(self.stored) is None

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


class MovingMachine(EngineMachine):
    """Trusted sessions join V in the middle of everything; V and peers age."""

    config = replace(
        SMALL,
        validation_most=12,
        validation_least=3,
        validation_horizon=80.0,
        peer_horizon=50.0,
    )

    def __init__(self) -> None:
        super().__init__()
        self.clock = 1e9
        self.reached = 0.0
        self.begun: float | None = None
        self.records = 0
        self.bundled = [int(count) for count in VALIDATION.counts(CLASSES)]
        self.panel: dict[str, tuple[float, int, bytes]] = {}

    def feed(self, batch: Batch) -> None:
        """Let event time pass with every record, with sessions that come late."""
        late = np.random.default_rng(len(self.log)).integers(0, 60, len(batch))
        times = self.clock + np.arange(len(batch)) - late
        self.clock += len(batch)
        batch = replace(batch, timestamps=times)
        for row, name in enumerate(batch.ids):
            joins = batch.trusted is not None and bool(batch.trusted[row])
            self.follow(name, joins, int(batch.labels[row]), times[row], batch.embeddings[row])
        super().feed(batch)

    def follow(
        self, name: str, joins: bool, label: int, time: float, embedding: npt.NDArray[np.float32]
    ) -> None:
        """Keep V by the definition, one record at a time."""
        self.records += 1
        if label != DELETION:
            self.reached = max(self.reached, time)
        if self.begun is None:
            self.begun = self.reached
        self.panel.pop(name, None)
        if joins:
            self.panel[name] = (time, label, embedding.tobytes())
        if self.records % self.config.update_size == 0 and self.panel:
            for each in range(CLASSES):
                self.retire(each, self.begun)

    def retire(self, label: int, begun: float) -> None:
        config = self.config
        sessions = sorted((one[0], name) for name, one in self.panel.items() if one[1] == label)
        queue = [(begun, "")] * self.bundled[label] + sessions
        count, oldest = len(queue), self.reached - config.validation_horizon
        old = [place for place, (time, _) in enumerate(queue) if time < oldest]
        leaving = set(old[: max(count - config.validation_least, 0)])
        for place in range(count):
            if count - len(leaving) > config.validation_most:
                leaving.add(place)
        for place in leaving:
            name = queue[place][1]
            if name:
                del self.panel[name]
            else:
                self.bundled[label] -= 1

    @rule(
        seed=st.integers(0, 10_000),
        count=st.integers(1, 40),
        share=st.sampled_from([0.1, 0.5, 1.0]),
        known=st.booleans(),
    )
    def trust(self, seed: int, count: int, share: float, known: bool) -> None:
        """Send trusted sessions among others, with new ids or ids of examples and evaluators."""
        self.serial += 1
        generator = np.random.default_rng(seed)
        sessions = batch_of(count, CLASSES, DIMENSIONS, generator)
        ids = [f"t{self.serial}-{name}" for name in sessions.ids]
        if known and (names := sorted({*self.present, *self.panel})):
            ids = [names[i] for i in generator.integers(0, len(names), count)]
        self.feed(replace(sessions, ids=ids, trusted=generator.random(count) < share))

    @rule(seed=st.integers(0, 10_000))
    def dismiss(self, seed: int) -> None:
        names = sorted(self.panel)
        generator = np.random.default_rng(seed)
        chosen = generator.permutation(len(names))[: len(names) // 2]
        self.feed(Batch.of_deletions([names[i] for i in chosen], DIMENSIONS))

    @invariant()
    def evaluators_are_those_of_the_definition(self) -> None:
        found = {
            name: (
                float(leaf.evaluators.timestamps[row]),
                int(leaf.evaluators.labels[row]),
                leaf.evaluators.embeddings[row].tobytes(),
            )
            for leaf in self.stored.leaves.values()
            if leaf.evaluators is not None
            for row, name in enumerate(leaf.evaluators.ids)
        }
        assert found == self.panel
        whole = self.stored.nodes[self.stored.header.root].sketch
        if self.records:
            joined = np.bincount([label for _, label, _ in found.values()], minlength=CLASSES)
            assert whole.evaluators[0].tolist() == (joined + self.bundled).tolist()

    @invariant()
    def young_examples_are_peers(self) -> None:
        since = self.stored.drift.peers_since
        for leaf in self.stored.leaves.values():
            times = leaf.examples.timestamps
            young = len(times) if since is None else int((times >= since).sum())
            if self.stored.header.records:
                assert int(leaf.sketch.evaluators[1].sum()) == young


class PrintedMachine(EngineMachine):
    config = replace(SMALL, game="algorithm1")


@pytest.mark.parametrize("machine", [EngineMachine, MovingMachine, PrintedMachine])
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
