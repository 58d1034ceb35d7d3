"""A replay finds nothing in what an engine made, and whatever is changed in it."""

from dataclasses import replace

import numpy as np
import pytest

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.games.registry import game_of
from hcdv_stream.valuation.replay import StateReplay, leaf_differences
from hcdv_stream.valuation.state import EngineState
from tests.valuation.worlds import batch_of, seed_of, validation_of

CLASSES, DIMENSIONS = 3, 4
VALIDATION = validation_of(40, CLASSES, DIMENSIONS)
SMALL = EngineConfig(
    neighbours=3, leaf_size=8, branching=(3, 4), tau=0.5, rebalance_every=2, merge_below=3,
    update_size=20, permutations=8,
)  # fmt: skip


def engine_of(config: EngineConfig) -> Engine:
    engine = Engine.from_seed(config, CLASSES, VALIDATION, seed_of(config, CLASSES, DIMENSIONS))
    for number in range(12):
        examples = batch_of(
            23, CLASSES, DIMENSIONS, np.random.default_rng(number), prefix=f"{number}-"
        )
        engine.apply(examples)
        engine.apply(Batch.of_deletions(examples.ids[::5], DIMENSIONS))
        again = batch_of(9, CLASSES, DIMENSIONS, np.random.default_rng(1000 + number))
        engine.apply(replace(again, ids=[f"{number}-s{place:05d}" for place in range(1, 10)]))
    return engine


def found_in(state: EngineState, config: EngineConfig) -> list[str]:
    replay = StateReplay(config, CLASSES, VALIDATION, state)
    parts = [replay.whole(), *replay.leaves(), *replay.nodes()]
    assert len(parts) == 1 + len(state.leaves) + len(state.nodes)
    found = [one for part in parts for one in part] or replay.efficiency()
    return [f"{one.place}: {one.detail}" for one in found]


@pytest.fixture(scope="module", params=["routed", "algorithm1"])
def played(request: pytest.FixtureRequest) -> tuple[Engine, EngineConfig]:
    config = replace(SMALL, game=request.param)
    return engine_of(config), config


def test_what_an_engine_made_equals_its_replay(played: tuple[Engine, EngineConfig]) -> None:
    engine, config = played
    assert found_in(engine.state(), config) == []
    seed = Engine.from_seed(config, CLASSES, VALIDATION, seed_of(config, CLASSES, DIMENSIONS))
    assert found_in(seed.state(), config) == []


def test_single_leaves_are_verified_with_the_engine_s_own_evaluators(
    played: tuple[Engine, EngineConfig],
) -> None:
    engine, config = played
    game, generator = game_of(config, CLASSES, VALIDATION), np.random.default_rng(1)
    drawn = set()
    for _ in range(200):
        leaf = engine.any_leaf(generator)
        drawn.add(leaf.id)
        assert engine.strays(leaf.id) == 0
        assert leaf_differences(game, leaf, engine.evaluators_of(leaf.id), CLASSES) == []
    assert len(drawn) > engine.leaf_count / 2


def full_leaf(state: EngineState) -> int:
    return max(state.leaves, key=lambda leaf: len(state.leaves[leaf].examples))


def with_leaf(state: EngineState, **changes: object) -> EngineState:
    number = full_leaf(state)
    leaf = replace(state.leaves[number], **changes)
    return replace(state, leaves={**state.leaves, number: leaf})


def with_examples(state: EngineState, **changes: object) -> EngineState:
    examples = state.leaves[full_leaf(state)].examples
    return with_leaf(state, examples=replace(examples, **changes))


def flipped(array: np.ndarray) -> np.ndarray:
    """One bit of the first element is another."""
    changed = array.copy()
    changed.view(np.uint8).reshape(-1)[0] ^= 1
    return changed


def test_one_bit_of_an_outcome_is_found(played: tuple[Engine, EngineConfig]) -> None:
    engine, config = played
    state = engine.state()
    number = full_leaf(state)
    leaf = state.leaves[number]
    for name, array in leaf.outcome.items():
        changed = with_leaf(state, outcome={**leaf.outcome, name: flipped(array)})
        found = found_in(changed, config)
        assert any(
            f"leaf {number}: its {name} differ from a replay in 1 rows" in one for one in found
        )
    sketch = replace(leaf.sketch, vector=flipped(leaf.sketch.vector))
    assert any("sums" in one for one in found_in(with_leaf(state, sketch=sketch), config))
    outcome = dict(leaf.outcome)
    outcome.pop(next(iter(outcome)))
    assert any(
        "are only played" in one for one in found_in(with_leaf(state, outcome=outcome), config)
    )


def test_other_inputs_of_a_game_are_found(played: tuple[Engine, EngineConfig]) -> None:
    engine, config = played
    state = engine.state()
    leaf = state.leaves[full_leaf(state)]
    examples = leaf.examples
    other = np.roll(examples.embeddings, 1, axis=0)
    cases = {
        "differ from a replay": with_examples(state, embeddings=other),
        "a doubt suggests no class": with_examples(
            state, doubts=examples.doubts | np.uint64(1 << 50)
        ),
        "a label is no class": with_examples(state, labels=np.full_like(examples.labels, CLASSES)),
        "not in order": with_examples(state, ids=examples.ids[::-1]),
        "no unit vector on the grid": with_examples(state, embeddings=examples.embeddings * 1.5),
    }
    for said, changed in cases.items():
        assert any(said in one for one in found_in(changed, config)), said


def test_a_centroid_that_draws_other_evaluators_is_found() -> None:
    state = engine_of(SMALL).state()
    loser = next(number for number, leaf in state.leaves.items() if leaf.sketch.evaluators[0].any())
    away = replace(state.leaves[loser], centroid=-state.leaves[loser].centroid)
    changed = replace(state, leaves={**state.leaves, loser: away})
    assert found_in(changed, SMALL)


def test_nodes_and_counts_are_verified(played: tuple[Engine, EngineConfig]) -> None:
    engine, config = played
    state = engine.state()
    root = state.nodes[state.header.root]
    lowest = next(node for node in state.nodes.values() if node.height == 1)
    child = state.leaves[lowest.children[0]]
    moved = {**state.leaves, child.id: replace(child, parent=child.parent + 1)}
    assert any("names" in one for one in found_in(replace(state, leaves=moved), config))
    sums = replace(root.sketch, vector=flipped(root.sketch.vector))
    nodes = {**state.nodes, root.id: replace(root, sketch=sums)}
    assert any(
        f"node {root.id}: its sums" in one for one in found_in(replace(state, nodes=nodes), config)
    )
    header = replace(state.header, records=state.header.records + 1)
    assert any(
        "the header counts" in one for one in found_in(replace(state, header=header), config)
    )
    twice = full_leaf(state)
    copy = max(number for number in state.leaves if number != twice)
    examples = state.leaves[twice].examples
    leaves = {**state.leaves, copy: replace(state.leaves[copy], examples=examples)}
    assert any("is in two leaves" in one for one in found_in(replace(state, leaves=leaves), config))


def test_shapes_that_no_game_has_are_found_before_one_is_played(
    played: tuple[Engine, EngineConfig],
) -> None:
    engine, config = played
    state = engine.state()
    game = game_of(config, CLASSES, VALIDATION)
    leaf = state.leaves[full_leaf(state)]
    short = replace(leaf.sketch, vector=leaf.sketch.vector[:-1])
    narrow = leaf.examples.embeddings[:, :-1]
    for said, changed in (
        ("its sums have another shape", with_leaf(state, sketch=short)),
        ("its embeddings have another shape", with_examples(state, embeddings=narrow)),
    ):
        odd = changed.leaves[leaf.id]
        evaluators = engine.evaluators_of(leaf.id)
        assert leaf_differences(game, odd, evaluators, CLASSES) == [said]
        replayed = StateReplay(config, CLASSES, VALIDATION, changed)
        details = [one.detail for found in replayed.leaves() for one in found]
        assert details == [said]
    cut = replace(state.nodes[leaf.parent].sketch, vector=short.vector)
    nodes = {**state.nodes, leaf.parent: replace(state.nodes[leaf.parent], sketch=cut)}
    corpus = StateReplay(config, CLASSES, VALIDATION, replace(state, nodes=nodes)).whole()
    assert f"the sketches under node {leaf.parent} differ in length" in [
        one.detail for one in corpus
    ]


def test_a_tree_that_is_none_is_found(played: tuple[Engine, EngineConfig]) -> None:
    engine, config = played
    state = engine.state()
    root = state.nodes[state.header.root]
    for said, changed in (
        ("corpus: the root has a parent", replace(root, parent=root.id)),
        (f"node {root.id}: it has no children", replace(root, children=())),
    ):
        nodes = {**state.nodes, root.id: changed}
        assert said in found_in(replace(state, nodes=nodes), config)


def test_values_that_do_not_add_up_are_found() -> None:
    state = engine_of(SMALL).state()
    leaf = state.leaves[full_leaf(state)]
    changed = with_leaf(
        state, outcome={**leaf.outcome, "components": 2 * leaf.outcome["components"]}
    )
    assert StateReplay(SMALL, CLASSES, VALIDATION, state).efficiency() == []
    (found,) = StateReplay(SMALL, CLASSES, VALIDATION, changed).efficiency()
    assert "away from the worth of the whole" in found.detail


def test_verifying_changes_nothing(played: tuple[Engine, EngineConfig]) -> None:
    _, config = played
    quiet, watched = engine_of(config), engine_of(config)
    generator = np.random.default_rng(3)
    game = game_of(config, CLASSES, VALIDATION)
    for number in range(20, 26):
        batch = batch_of(
            31, CLASSES, DIMENSIONS, np.random.default_rng(number), prefix=f"{number}-"
        )
        quiet.apply(batch)
        for _ in range(10):
            leaf = watched.any_leaf(generator)
            watched.strays(leaf.id)
            leaf_differences(game, leaf, watched.evaluators_of(leaf.id), CLASSES)
        watched.apply(batch)
    from tests.valuation.states import prints

    assert prints(quiet.state()) == prints(watched.state())
