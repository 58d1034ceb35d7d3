"""The engine's own promises: refusals, counters, what an update touches."""

from dataclasses import replace

import numpy as np
import pytest

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import PAPER, EngineConfig
from hcdv_stream.valuation.engine import Engine
from tests.valuation.states import Prints, check_shape, prints
from tests.valuation.test_engine_machine import joined
from tests.valuation.worlds import batch_of, seed_of, validation_of

CLASSES, DIMENSIONS = 2, 6
CONFIG = EngineConfig(leaf_size=16, branching=(3, 5), tau=0.4)
VALIDATION = validation_of(100, CLASSES, DIMENSIONS)


@pytest.fixture
def engine() -> Engine:
    return Engine.from_seed(CONFIG, CLASSES, VALIDATION, seed_of(CONFIG, CLASSES, DIMENSIONS, 200))


def examples(count: int, seed: int = 0, prefix: str = "s") -> Batch:
    return batch_of(count, CLASSES, DIMENSIONS, np.random.default_rng(seed), prefix=prefix)


def test_everything_happens(engine: Engine) -> None:
    engine.apply(examples(3000))
    outliers = examples(60, seed=5, prefix="far")
    engine.apply(replace(outliers, embeddings=-outliers.embeddings))
    engine.apply(Batch.of_deletions([f"s{number:05d}" for number in range(2400)], DIMENSIONS))
    header = engine.header
    assert min(header.spawned, header.split, header.merged, header.rebalances) > 0
    assert (header.records, header.deletions, len(engine)) == (5460, 2400, 660)
    assert max(node.height for node in engine.state().nodes.values()) > 1


def test_the_tree_shrinks_again(engine: Engine) -> None:
    engine.apply(examples(3000))
    tall = max(node.height for node in engine.state().nodes.values())
    engine.apply(Batch.of_deletions([f"s{number:05d}" for number in range(2985)], DIMENSIONS))
    engine.apply(examples(435, seed=1))
    engine.apply(Batch.of_deletions([f"s{number:05d}" for number in range(435)], DIMENSIONS))
    engine.apply(examples(450, seed=2, prefix="late"))
    check_shape(engine.state(), CONFIG, settled=False)
    assert max(node.height for node in engine.state().nodes.values()) < tall


def test_deleting_what_is_not_there_changes_nothing(engine: Engine) -> None:
    engine.apply(examples(100))
    before = prints(engine.state())
    doomed = Batch.of_deletions(["s00003", "s00003"], DIMENSIONS)
    with pytest.raises(KeyError, match="s00003"):
        engine.apply(doomed)
    assert prints(engine.state()) == before


def test_update_says_which_id_is_wrong(engine: Engine) -> None:
    nothing = Batch.of_deletions([], DIMENSIONS)
    engine.update(examples(10), nothing, [])
    with pytest.raises(KeyError, match="s00000"):
        engine.update(examples(1), nothing, [])
    with pytest.raises(KeyError, match="t00000"):
        engine.update(nothing, examples(1, prefix="t"), [])
    engine.update(examples(1, prefix="t"), examples(10, seed=3), ["t00000", "s00009"])
    assert len(engine) == 9
    assert engine.header.replacements == 10


def test_an_update_touches_its_paths_only(engine: Engine) -> None:
    engine.apply(examples(2990))
    delta = engine.apply(examples(1, seed=9, prefix="t"))
    assert len(delta.leaves) == 1
    state = engine.state()
    (leaf,) = delta.leaves
    path, node = [], state.leaves[leaf].parent
    while node != -1:
        path.append(node)
        node = state.nodes[node].parent
    assert set(delta.nodes) == set(path)


def test_the_papers_parameters() -> None:
    assert (PAPER.branching, PAPER.leaf_size, PAPER.permutations) == ((16, 64), 64, 64)
    assert (PAPER.tau, PAPER.rebalance_every, PAPER.game) == (0.35, 3, "algorithm1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"neighbours": 0},
        {"leaf_size": 3},
        {"branching": (1,)},
        {"branching": ()},
        {"tau": 0.0},
        {"merge_below": 40},
        {"update_size": 9000},
        {"permutations": 1},
        {"rebalance_every": 0},
    ],
)
def test_parameters_out_of_range_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        EngineConfig(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("company", [0, 3])
def test_a_founder_is_forgotten_however_the_log_is_cut(engine: Engine, company: int) -> None:
    first, rest = examples(70), examples(200, seed=4, prefix="rest")
    generator = np.random.default_rng(11)
    engine.apply(first)
    for _ in range(100):
        founder = batch_of(1, CLASSES, DIMENSIONS, generator, prefix="founder")
        founder = replace(founder, embeddings=-founder.embeddings)
        before = engine.leaf_count
        engine.apply(founder)
        if engine.leaf_count > before:
            break
        engine.apply(Batch.of_deletions(founder.ids, DIMENSIONS))
    else:
        pytest.fail("no leaf was founded")
    near = batch_of(company, CLASSES, DIMENSIONS, generator, prefix="near")
    near = replace(near, embeddings=founder.embeddings.repeat(company, axis=0))
    gone = Batch.of_deletions(founder.ids, DIMENSIONS)
    log = joined([first, founder, near, gone, rest, founder, gone, gone_again(rest)])

    def state(size: int) -> Prints:
        other = Engine.from_seed(
            CONFIG, CLASSES, VALIDATION, seed_of(CONFIG, CLASSES, DIMENSIONS, 200)
        )
        for start in range(0, len(log), size):
            other.apply(log.slice(start, start + size))
        return prints(other.state())

    whole = state(len(log))
    assert state(1) == state(7) == whole
    secret = founder.embeddings[0].tobytes()
    if not company:
        centroids = [
            value[1]
            for name, value in whole.items()
            if isinstance(name, tuple) and name[0] == "leaf"
        ]
        assert secret not in centroids


def gone_again(batch: Batch) -> Batch:
    return Batch.of_deletions(list(batch.ids)[:5], DIMENSIONS)
