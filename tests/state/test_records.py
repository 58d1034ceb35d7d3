import zlib
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hcdv_stream.state import Change, Position, StateError
from hcdv_stream.state.codec import pack, unpack
from hcdv_stream.state.drift_record import decode_drift, encode_drift
from hcdv_stream.state.records import (
    decode_centroid,
    decode_change,
    decode_header,
    decode_inventory,
    decode_leaf,
    decode_node,
    decode_position,
    decode_provider,
    encode_centroid,
    encode_change,
    encode_header,
    encode_leaf,
    encode_node,
    encode_position,
    encode_provider,
)
from hcdv_stream.valuation.arrivals import ProviderCounts
from hcdv_stream.valuation.drift.drift import Agreement, Drift
from hcdv_stream.valuation.state import Header
from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples, Node, same_sessions
from hcdv_stream.valuation.tree.sketch import Sketch
from tests.state import samples

NUMBERS = st.integers(0, 2**40)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)
FLOATS = st.floats()
FLOAT32 = st.floats(width=32)
OUTCOMES = st.dictionaries(
    st.text(max_size=8),
    hnp.arrays("i8", hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)),
    max_size=3,
)
POSITIONS = st.builds(Position, NUMBERS, NUMBERS, FLOATS, FLOATS, FLOATS)
IDS = st.lists(NUMBERS, max_size=5).map(tuple)


@st.composite
def sketches(draw, dimensions):
    classes = draw(st.integers(1, 4))
    size = classes * (dimensions + 9)
    return Sketch(draw(hnp.arrays("i8", size)), classes)


@st.composite
def leaves(draw):
    size, dimensions = draw(st.integers(0, 6)), draw(st.integers(1, 5))
    examples = LeafExamples(
        tuple(draw(st.lists(TEXTS, min_size=size, max_size=size))),
        draw(hnp.arrays("i2", size)),
        tuple(draw(st.lists(st.none() | TEXTS, min_size=size, max_size=size))),
        draw(hnp.arrays("f8", size, elements=FLOATS)),
        draw(hnp.arrays("f4", (size, dimensions), elements=FLOAT32)),
        draw(hnp.arrays("u8", (size, 2))),
        draw(hnp.arrays("i8", size)),
        draw(hnp.arrays("?", size)),
        draw(hnp.arrays("u8", size)),
    )
    centroid = draw(hnp.arrays("f4", dimensions, elements=FLOAT32))
    parent, identifier = draw(NUMBERS), draw(NUMBERS)
    return Leaf(identifier, parent, centroid, examples, draw(sketches(dimensions)), draw(OUTCOMES))


@st.composite
def nodes(draw):
    parent, height = draw(st.integers(-1, 9)), draw(st.integers(1, 9))
    return Node(draw(NUMBERS), parent, height, draw(IDS), draw(sketches(3)), draw(OUTCOMES))


def assert_same(left, right):
    assert left.dtype == right.dtype
    assert left.shape == right.shape
    assert left.tobytes() == right.tobytes()


def assert_same_outcome(left, right):
    assert left.keys() == right.keys()
    for name, array in left.items():
        assert_same(array, right[name])


@given(leaves(), NUMBERS)
def test_a_leaf_comes_back(leaf, written):
    found, made = decode_leaf(encode_leaf(leaf, written))
    assert (made, found.id, found.parent) == (written, leaf.id, leaf.parent)
    assert found.examples.ids == leaf.examples.ids
    assert found.examples.providers == leaf.examples.providers
    for name in (
        "labels",
        "timestamps",
        "embeddings",
        "fingerprints",
        "arrivals",
        "copies",
        "doubts",
    ):
        assert_same(getattr(found.examples, name), getattr(leaf.examples, name))
    assert_same(found.centroid, leaf.centroid)
    assert found.sketch == leaf.sketch
    assert found.sketch.classes == leaf.sketch.classes
    assert_same_outcome(found.outcome, leaf.outcome)


@given(NUMBERS, hnp.arrays("f4", 5, elements=FLOAT32), NUMBERS)
def test_a_centroid_comes_back(leaf, centroid, written):
    found = decode_centroid(encode_centroid(leaf, centroid, written))
    assert (found[0], found[2]) == (leaf, written)
    assert_same(found[1], centroid)


@given(st.builds(ProviderCounts, NUMBERS, st.none() | TEXTS, NUMBERS, NUMBERS, NUMBERS), NUMBERS)
def test_a_provider_comes_back(counts, written):
    assert decode_provider(encode_provider(counts, written)) == (counts, written)


@given(nodes(), NUMBERS)
def test_a_node_comes_back(node, written):
    found, made = decode_node(encode_node(node, written))
    assert made == written
    assert replace(found, outcome={}) == replace(node, outcome={})
    assert_same_outcome(found.outcome, node.outcome)


@given(st.builds(Header, *[NUMBERS] * 5, touched=IDS, merged=NUMBERS, rebalances=NUMBERS))
def test_a_header_comes_back(header):
    assert decode_header(encode_header(header)) == header


@given(POSITIONS)
def test_a_position_comes_back(position):
    assert repr(decode_position(encode_position(position))) == repr(position)  # NaN is not itself


@given(st.builds(Change, NUMBERS, NUMBERS, NUMBERS, POSITIONS, IDS, IDS, IDS, IDS, IDS))
def test_a_log_entry_comes_back(change):
    assert repr(decode_change(encode_change(change))) == repr(change)


def test_the_same_leaf_gives_the_same_bytes():
    assert encode_leaf(samples.leaf(3, 4), 5) == encode_leaf(samples.leaf(3, 4), 5)


FIELDS = {b"N": 5, b"Z": 2}


@pytest.mark.parametrize(
    ("kind", "decode"),
    [
        (b"L", decode_leaf),
        (b"N", decode_node),
        (b"H", decode_header),
        (b"P", decode_position),
        (b"Z", decode_centroid),
    ],
)
def test_a_record_that_lacks_a_field_is_refused(kind, decode):
    record = pack(kind, {"numbers": np.zeros(FIELDS.get(kind, 4), np.int64)})
    with pytest.raises(StateError, match="another version wrote it"):
        decode(record)


RECORDS = [
    (decode_leaf, encode_leaf(samples.leaf(3, 4, 3), 5)),
    (decode_node, encode_node(samples.nodes(2)[1], 5)),
    (decode_centroid, encode_centroid(3, samples.centroid(3, 4), 5)),
    (decode_header, encode_header(samples.header(2), np.ones((3, 2), np.int64))),
    (decode_inventory, encode_header(samples.header(2), np.ones((3, 2), np.int64))),
    (decode_position, encode_position(samples.position_of(2))),
    (
        decode_change,
        encode_change(Change(2, 2, 3, samples.position_of(2), (1,), (2,), (), (), (3,))),
    ),
]


@pytest.mark.parametrize(("decode", "record"), RECORDS)
@given(place=st.integers(8, 2**12), value=st.integers(0, 255), cut=st.booleans())
@example(place=1546, value=0, cut=False)  # a place beyond what a machine can count
def test_odd_content_under_a_good_checksum_is_a_state_error(decode, record, place, value, cut):
    content = bytearray(record)
    place = 8 + place % (len(content) - 8)
    content[place] = value
    if cut:
        del content[place:]
    content[4:8] = zlib.crc32(content[8:]).to_bytes(4, "little")
    with suppress(StateError):
        decode(bytes(content))


agreements = st.builds(
    Agreement,
    *(st.integers(-1, 2**60) for _ in range(7)),
    st.none() | st.floats(-1e11, 1e11),
    *(st.integers(0, 2**60) for _ in range(3)),
)


@given(
    st.builds(
        Drift,
        st.none() | st.floats(-1e11, 1e11),
        st.floats(-1e11, 1e11),
        st.none() | st.floats(-1e11, 1e11),
        *(st.integers(0, 2**60) for _ in range(4)),
        st.lists(st.integers(0, 10**6), max_size=3).map(tuple),
        agreements,
        st.lists(agreements, max_size=3).map(tuple),
        st.lists(st.tuples(st.text(), agreements), max_size=3).map(tuple),
    ),
    st.integers(0, 2**62),
)
def test_a_drift_comes_back(drift: Drift, written: int) -> None:
    assert decode_drift(encode_drift(drift, written)) == (drift, written)


def test_trusted_sessions_come_back_with_their_leaf() -> None:
    leaf = samples.leaf(3, 5)
    trusting = replace(leaf, evaluators=samples.leaf(4, 5).examples)
    found, written = decode_leaf(encode_leaf(trusting, 7))
    assert written == 7
    assert same_sessions(found.evaluators, trusting.evaluators)
    assert found.examples.ids == leaf.examples.ids
    assert decode_leaf(encode_leaf(leaf, 1))[0].evaluators is None


def test_a_leaf_of_the_format_before_doubts_is_refused():
    arrays = unpack(b"L", encode_leaf(samples.leaf(3, 1), 1))
    older = pack(b"L", {name: array for name, array in arrays.items() if name != "doubts"})
    with pytest.raises(StateError, match="a leaf has no 'doubts', so another version wrote it"):
        decode_leaf(older)
