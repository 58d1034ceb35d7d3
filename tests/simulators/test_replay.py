"""Tables as streams: their order, and the labels that are wrong on purpose."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.messages import ReplayError, Roles
from simulators.replay import replay


def table(labels):
    return pa.table({"i": [f"e{i}" for i in range(len(labels))], "y": labels})


def test_rows_are_sent_in_order_of_time_and_ties_as_they_stand():
    rows = pa.table({"i": ["a", "b", "c", "d"], "t": [3, 1, 3, 2], "y": [0, 1, 0, 1]})
    sent = replay(rows, Roles("y", id="i", time="t"))
    assert sent.table["i"].to_pylist() == ["b", "d", "a", "c"]


def test_made_ids_name_positions_before_the_sort():
    rows = pa.table({"t": [2, 1], "y": [0, 1]})
    sent = replay(rows, Roles("y", time="t"))
    assert sent.table[sent.roles.id].to_pylist() == ["row-00000001", "row-00000000"]


@given(
    labels=st.lists(st.sampled_from(["a", "b", "c"]), min_size=3, max_size=60),
    share=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_exactly_the_share_gets_another_label_of_the_table(labels, share, seed):
    labels = [*labels, "a", "b"]
    sent = replay(table(labels), Roles("y", id="i"), share, seed)
    now = sent.table["y"].to_pylist()
    assert sent.flipped.sum() == round(share * len(labels))
    assert [a != b for a, b in zip(labels, now, strict=True)] == sent.flipped.tolist()
    assert set(now) <= set(labels)


def test_every_other_class_is_equally_likely():
    sent = replay(table(["a", "b", "c"] * 4000), Roles("y", id="i"), 0.5, 1)
    flips = sent.flips().to_pylist()
    pairs = [f"{flip['true_label']}{flip['sent_label']}" for flip in flips]
    counts = {pair: pairs.count(pair) for pair in set(pairs)}
    assert len(counts) == 6
    assert list(counts.values()) == pytest.approx([1000] * 6, rel=0.12)


@pytest.mark.parametrize("labels", [[True, False] * 5, [1, 2] * 5, [0.5, 1.5] * 5])
def test_labels_keep_their_type(labels):
    sent = replay(table(labels), Roles("y", id="i"), 1.0)
    assert sent.table["y"].to_pylist() == labels[1:] + labels[:1]


def test_flips_say_who_and_what():
    sent = replay(table(["a", "b", "a", "b"]), Roles("y", id="i"), 0.5, 3)
    expected = [
        {"id": f"e{row}", "true_label": "ab"[row % 2], "sent_label": "ba"[row % 2]}
        for row in np.flatnonzero(sent.flipped)
    ]
    assert sent.flips().to_pylist() == expected


def test_a_missing_label_is_not_flipped():
    sent = replay(table(["a", None, "b", None]), Roles("y", id="i"), 0.5)
    assert sent.table["y"].to_pylist() == ["b", None, "a", None]


def test_the_seed_decides():
    roles, labels = Roles("y", id="i"), ["a", "b"] * 50
    one, again, other = (replay(table(labels), roles, 0.2, seed).flipped for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_one_class_cannot_be_flipped():
    with pytest.raises(ReplayError, match="two or more"):
        replay(table(["a", "a"]), Roles("y", id="i"), 0.5)


def test_an_empty_table_is_refused():
    with pytest.raises(ReplayError, match="no rows"):
        replay(table(pa.array([], pa.string())), Roles("y", id="i"))
