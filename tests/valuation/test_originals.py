"""Originals and copies: by definition, however the log is cut, and nobody else's concern."""

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
from hcdv_stream.valuation.replay import StateReplay
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.values import residual
from hcdv_stream.valuation.weights import Weights
from tests.valuation.states import prints, replayed
from tests.valuation.worlds import batch_of, seed_of, validation_of

CLASSES, DIMENSIONS, CONTENTS = 2, 4, 14
CONFIG = EngineConfig(
    neighbours=3,
    leaf_size=8,
    branching=(3, 4),
    tau=0.3,
    rebalance_every=2,
    merge_below=3,
    update_size=9,
)
VALIDATION = validation_of(40, CLASSES, DIMENSIONS)
POOL = batch_of(CONTENTS, CLASSES, DIMENSIONS, np.random.default_rng(3))
PROVIDERS = (None, "x", "y")
Record = tuple[str, int | None, str | None]
"""An id, what it holds (None: its deletion) and who sent it."""


def batch(records: list[Record], *, known: bool = True) -> Batch:
    """Make records of contents of the pool; content 0 has no fingerprint."""
    contents = np.array([0 if content is None else content for _, content, _ in records], np.intp)
    gone = np.array([content is None for _, content, _ in records], np.bool_)
    labels = np.where(gone, DELETION, POOL.labels[contents]).astype(np.int16)
    fingerprints = np.zeros((len(records), 2), np.uint64)
    fingerprints[:, 0] = np.where(gone | (not known), 0, contents)
    return Batch(
        [name for name, _, _ in records],
        labels,
        [provider for _, _, provider in records],
        np.zeros(len(records)),
        np.where(gone[:, None], 0, POOL.embeddings[contents]).astype(np.float32),
        fingerprints,
    )


def copies_by_definition(log: list[Record]) -> set[str]:
    """Go through the log in plain Python."""
    there: dict[str, tuple[int, str | None, int]] = {}
    for place, (name, content, provider) in enumerate(log):
        before = there.pop(name, None)
        if content is not None:
            same = before is not None and before[:2] == (content, provider)
            there[name] = (content, provider, before[2] if same else place)
    return {
        name
        for name, (content, _, place) in there.items()
        if content
        and any(other == content and earlier < place for other, _, earlier in there.values())
    }


def marked(state: EngineState) -> set[str]:
    return {
        name
        for leaf in state.leaves.values()
        for name, copy in zip(leaf.examples.ids, leaf.examples.copies.tolist(), strict=True)
        if copy
    }


def others(state: EngineState) -> dict[object, object]:
    """All of a state that other weights are read from."""
    leaves = {
        identifier: replace(
            leaf,
            examples=replace(
                leaf.examples,
                fingerprints=np.zeros((len(leaf.examples), 2), np.uint64),
                copies=np.zeros(len(leaf.examples), np.bool_),
                arrivals=np.zeros(len(leaf.examples), np.int64),
            ),
            outcome={
                name: column
                for name, column in leaf.outcome.items()
                if not name.startswith("original_")
            },
        )
        for identifier, leaf in state.leaves.items()
    }
    return prints(EngineState(state.header, state.nodes, leaves))


class CopyMachine(RuleBasedStateMachine):
    """Sends few contents under many ids."""

    def __init__(self) -> None:
        super().__init__()
        self.seed = seed_of(CONFIG, CLASSES, DIMENSIONS)
        self.engine = Engine.from_seed(CONFIG, CLASSES, VALIDATION, self.seed)
        self.unaware = Engine.from_seed(CONFIG, CLASSES, VALIDATION, self.seed)
        self.stored = self.engine.state()
        self.log: list[Record] = []
        self.there: dict[str, tuple[int, str | None]] = {}
        self.serial = 0

    def feed(self, records: list[Record]) -> None:
        self.log += records
        self.stored = self.engine.apply(batch(records)).applied_to(self.stored)
        self.unaware.apply(batch(records, known=False))
        for name, content, provider in records:
            self.there.pop(name, None)
            if content is not None:
                self.there[name] = (content, provider)

    @rule(seed=st.integers(0, 10_000), count=st.integers(1, 25))
    def add(self, seed: int, count: int) -> None:
        generator = np.random.default_rng(seed)
        records: list[Record] = []
        for _ in range(count):
            self.serial += 1
            # ids in another order than the log's
            name = f"{generator.integers(1000):03d}-{self.serial}"
            provider = PROVIDERS[generator.integers(3)]
            records.append((name, int(generator.integers(CONTENTS)), provider))
        self.feed(records)

    @rule(seed=st.integers(0, 10_000), count=st.integers(1, 10))
    def send_again(self, seed: int, count: int) -> None:
        names = sorted(self.there)
        generator = np.random.default_rng(seed)
        if names:
            chosen = [names[i] for i in generator.integers(0, len(names), count)]
            self.feed([(name, *self.there[name]) for name in chosen])

    @rule(seed=st.integers(0, 10_000), count=st.integers(1, 10))
    def replace_some(self, seed: int, count: int) -> None:
        names = sorted(self.there)
        generator = np.random.default_rng(seed)
        if names:
            chosen = [names[i] for i in generator.integers(0, len(names), count)]
            provider = PROVIDERS[generator.integers(3)]
            self.feed([(name, int(generator.integers(CONTENTS)), provider) for name in chosen])

    @rule(seed=st.integers(0, 10_000), originals=st.booleans())
    def delete(self, seed: int, originals: bool) -> None:
        copies = copies_by_definition(self.log)
        names = sorted(set(self.there) - copies if originals else copies)
        generator = np.random.default_rng(seed)
        chosen = generator.permutation(len(names))[: int(generator.integers(1, 4))]
        self.feed([(names[i], None, None) for i in chosen])

    @rule()
    def restart(self) -> None:
        self.engine = Engine(CONFIG, CLASSES, VALIDATION, self.stored)

    @invariant()
    def marks_are_those_of_the_definition(self) -> None:
        assert marked(self.stored) == copies_by_definition(self.log)

    @invariant()
    def incremental_equals_from_scratch(self) -> None:
        assert prints(self.engine.state()) == prints(self.stored)
        if self.log:
            again = replayed(self.stored, CONFIG, CLASSES, VALIDATION)
            assert prints(again) == prints(self.stored)
            assert StateReplay(CONFIG, CLASSES, VALIDATION, self.stored).whole() == []

    @invariant()
    def other_weights_do_not_see_copies(self) -> None:
        assert others(self.stored) == others(self.unaware.state())

    @invariant()
    def payouts_are_efficient(self) -> None:
        trusted = VALIDATION.counts(CLASSES)
        if self.there:
            corpus = Corpus(self.stored, "routed", ["a", "b"], trusted, CONFIG.neighbours)
            assert residual(corpus.state_values(Weights.for_payouts())) < 1e-9

    def teardown(self) -> None:
        generator = np.random.default_rng(len(self.log))
        for sizes in ([1] * len(self.log), generator.integers(1, 30, len(self.log)).tolist()):
            engine = Engine.from_seed(CONFIG, CLASSES, VALIDATION, self.seed)
            start = 0
            for size in sizes:
                if start < len(self.log):
                    engine.apply(batch(self.log[start : start + size]))
                start += size
            if self.log:
                assert prints(engine.state()) == prints(self.stored)


def test_any_sequence() -> None:
    run_state_machine_as_test(
        CopyMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_next_in_the_log_inherits_and_its_leaf_alone_is_played_again() -> None:
    engine = Engine.from_seed(
        replace(CONFIG, update_size=1000), CLASSES, VALIDATION, seed_of(CONFIG, CLASSES, DIMENSIONS)
    )
    engine.apply(batch([("z", 1, "x"), ("b", 1, "y"), ("a", 1, "y"), ("q", 2, "x")]))
    assert marked(engine.state()) == {"a", "b"}
    engine.apply(batch([("z", 1, "x")]))  # sent again as it was: it keeps its place
    assert marked(engine.state()) == {"a", "b"}
    engine.apply(batch([("z", 1, "y")]))  # under another provider it is the last
    assert marked(engine.state()) == {"a", "z"}
    before = engine.state()
    delta = engine.apply(batch([("b", None, None)]))
    assert marked(engine.state()) == {"z"}
    mine = next(leaf.id for leaf in before.leaves.values() if "a" in leaf.examples.ids)
    assert set(delta.leaves) == {mine}


def test_a_flood_costs_the_same_per_record() -> None:
    """Deleting the original of many copies takes one step each, not one for each copy."""
    engine = Engine.from_seed(CONFIG, CLASSES, VALIDATION, seed_of(CONFIG, CLASSES, DIMENSIONS))
    originals = engine._arrivals.originals
    names = [f"{number:06d}" for number in range(200_000)]
    for name in names:
        originals.come(7, name)
    assert len(originals.settle()) == len(names) - 1
    for name in names[:-1]:
        originals.leave(7, name)
    assert originals.settle() == {names[-1]: False}
    assert not originals.is_copy(7, names[-1])
    assert originals.is_alone(7)


def test_a_planted_corpus_marks_in_its_order_and_goes_before_the_stream() -> None:
    records: list[Record] = [("d", 3, None), ("c", 3, None), ("b", 0, None), ("a", 0, None)]
    records += [("e", 4, None), ("f", 3, None)]
    engine = Engine(CONFIG, CLASSES, VALIDATION, plant(batch(records), CLASSES, CONFIG))
    engine.play()
    assert marked(engine.state()) == {"c", "f"}
    engine.apply(batch([("0", 4, None), ("d", None, None)]))
    assert marked(engine.state()) == {"f", "0"}


@pytest.mark.parametrize("wrong", [True, False])
def test_a_replay_finds_wrong_marks(wrong: bool) -> None:
    engine = Engine.from_seed(CONFIG, CLASSES, VALIDATION, seed_of(CONFIG, CLASSES, DIMENSIONS))
    engine.apply(batch([("a", 1, "x"), ("b", 1, "y"), ("c", 2, "x")]))
    state = engine.state()
    leaves = {
        identifier: replace(
            leaf,
            examples=replace(leaf.examples, copies=np.full(len(leaf.examples), wrong, np.bool_)),
        )
        for identifier, leaf in state.leaves.items()
    }
    found = StateReplay(CONFIG, CLASSES, VALIDATION, replace(state, leaves=leaves)).whole()
    assert any("wrongly marked" in mismatch.detail for mismatch in found)
