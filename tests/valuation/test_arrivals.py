"""Arrivals, copies and foreign ids, counted in the order of the log however it is cut."""

import numpy as np
import pytest

from hcdv_stream.valuation.arrivals import number_of
from hcdv_stream.valuation.batch import DELETION, Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.engine import Engine
from tests.valuation.worlds import batch_of, seed_of, validation_of

CLASSES, DIMENSIONS = 2, 4
CONFIG = EngineConfig(leaf_size=8, branching=(3, 4), tau=0.5, update_size=7, merge_below=3)
VALIDATION = validation_of(30, CLASSES, DIMENSIONS)


def engine() -> Engine:
    return Engine.from_seed(CONFIG, CLASSES, VALIDATION, seed_of(CONFIG, CLASSES, DIMENSIONS))


def log_of(entries: list[tuple[str, str | None, int | None]]) -> Batch:
    """Records of an id, a provider and a fingerprint; None deletes."""
    count = len(entries)
    some = batch_of(count, CLASSES, DIMENSIONS, np.random.default_rng(1))
    labels = some.labels.copy()
    prints = np.zeros((count, 2), np.uint64)
    for row, (_, _, fingerprint) in enumerate(entries):
        labels[row] = DELETION if fingerprint is None else labels[row]
        prints[row] = fingerprint or 0
    return Batch(
        [name for name, _, _ in entries],
        labels,
        [provider for _, provider, _ in entries],
        some.timestamps,
        some.embeddings,
        prints,
    )


def counts(of: Engine) -> dict[str | None, tuple[int, int, int]]:
    return {
        one.name: (one.arrivals, one.copies, one.foreign) for one in of.state().providers.values()
    }


def test_by_hand() -> None:
    one = engine()
    one.apply(
        log_of(
            [
                ("a", "x", 1),
                ("b", "y", 1),  # a copy of a
                ("a", "x", 1),  # itself again: b is still alike
                ("c", None, 2),
                ("c", "y", 3),  # anonymous before: foreign
                ("c", "y", 3),  # itself again, and nobody is alike
                ("b", None, None),
                ("a", "x", 1),  # nobody is alike any more
                ("d", "z", 3),  # a copy of c
                ("d", "x", 9),  # foreign
                ("e", "z", 0),  # no fingerprint: never a copy
                ("f", "z", 0),
            ]
        )
    )
    assert counts(one) == {"x": (4, 1, 1), "y": (3, 1, 1), None: (1, 0, 0), "z": (3, 1, 0)}
    one.refuse("w")
    assert one.play().providers[number_of("w")].foreign == 1
    assert one.provider_of("d") == "x"
    with pytest.raises(KeyError):
        one.provider_of("b")


def test_however_the_log_is_cut_and_across_a_restart() -> None:
    generator = np.random.default_rng(0)
    entries: list[tuple[str, str | None, int | None]] = []
    there: set[str] = set()
    for _ in range(400):
        name = f"s{generator.integers(60)}"
        if name in there and generator.random() < 0.2:
            entries.append((name, None, None))
            there.remove(name)
        else:
            provider = [None, "x", "y", "z"][int(generator.integers(4))]
            entries.append((name, provider, int(generator.integers(1, 30))))
            there.add(name)
    log = log_of(entries)
    whole = engine()
    whole.apply(log)
    for size in (1, 13):
        one = engine()
        for start in range(0, len(log), size):
            one.apply(log.slice(start, start + size))
            if start % 5 == 0:
                one = Engine(CONFIG, CLASSES, VALIDATION, one.state())
        assert one.state().providers == whole.state().providers

    # The same by the definition, in plain Python.
    now: dict[str, tuple[str | None, int]] = {}
    slow: dict[str | None, list[int]] = {}
    for name, provider, fingerprint in entries:
        before = now.pop(name, None)
        if fingerprint is None:
            continue
        mine = slow.setdefault(provider, [0, 0, 0])
        mine[0] += 1
        mine[1] += fingerprint in {known for _, known in now.values()}
        mine[2] += before is not None and before[0] != provider
        now[name] = (provider, fingerprint)
    assert counts(whole) == {name: tuple(three) for name, three in slow.items()}
