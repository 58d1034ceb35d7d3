"""Examples as streams: their order, and the labels that are wrong on purpose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdv_stream.offline.examples import Examples
from hcdv_stream.simulators.clickstream import generate
from hcdv_stream.simulators.clickstream_examples import clickstream_replay
from hcdv_stream.simulators.replay import replay


def examples(labels, times=None):
    count = len(labels)
    times = np.zeros(count) if times is None else np.array(times, dtype=float)
    return Examples([f"e{i}" for i in range(count)], list(labels), [None] * count, times, {})


def test_examples_are_sent_in_order_of_time_and_ties_as_they_stand():
    sent = replay(examples("abab", [3, 1, 3, 2]))
    assert sent.examples.ids == ["e1", "e3", "e0", "e2"]
    assert sent.examples.labels == ["b", "b", "a", "a"]
    assert sent.examples.timestamps.tolist() == [1, 2, 3, 3]


@given(
    labels=st.lists(st.sampled_from("abc"), min_size=3, max_size=60),
    share=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_exactly_the_share_gets_another_label_of_the_table(labels, share, seed):
    labels = [*labels, "a", "b"]
    sent = replay(examples(labels), share, seed)
    now = sent.examples.labels
    assert sent.flipped.sum() == round(share * len(labels))
    assert [a != b for a, b in zip(labels, now, strict=True)] == sent.flipped.tolist()
    assert set(now) <= set(labels)
    assert sent.true_labels == labels


def test_every_other_class_is_equally_likely():
    flips = replay(examples("abc" * 4000), 0.5, 1).flips().to_pylist()
    pairs = [f"{flip['true_label']}{flip['sent_label']}" for flip in flips]
    counts = {pair: pairs.count(pair) for pair in set(pairs)}
    assert len(counts) == 6
    assert list(counts.values()) == pytest.approx([1000] * 6, rel=0.12)


def test_flips_say_who_and_what():
    sent = replay(examples("abab"), 0.5, 3)
    assert sent.flips().to_pylist() == [
        {"id": f"e{row}", "true_label": "ab"[row % 2], "sent_label": "ba"[row % 2]}
        for row in np.flatnonzero(sent.flipped)
    ]


def test_without_flips_there_is_an_empty_table():
    flips = replay(examples("ab")).flips()
    assert flips.column_names == ["id", "true_label", "sent_label"]
    assert len(flips) == 0


def test_the_seed_decides():
    one, again, other = (replay(examples("ab" * 50), 0.2, seed).flipped for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_one_class_cannot_be_flipped():
    assert replay(examples("aa")).examples.labels == ["a", "a"]
    with pytest.raises(ValueError, match="not only 'a'"):
        replay(examples("aa"), 0.5)


def test_the_click_streams_flips():
    clean, noisy = generate(1, 200), generate(1, 200, flip_share=0.1)
    flips = clickstream_replay(noisy).flips().to_pylist()
    assert len(flips) == 20
    for flip in flips:
        row = noisy.ids.index(flip["id"])
        assert flip["true_label"] == ("no", "yes")[clean.labels[row]]
        assert flip["sent_label"] == ("no", "yes")[noisy.labels[row]]
