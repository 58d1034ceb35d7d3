import gc
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hcdv_stream.state.codec import FORMAT, pack, read_strings, strings, unpack
from hcdv_stream.state.errors import StateError

DTYPES = st.sampled_from(["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0))
)
NAMES = st.text(max_size=40)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=12)  # lone surrogates too

SAMPLE = pack(b"L", {"ids": np.arange(5, dtype=np.int16), "values": np.ones((2, 3))})


@given(st.dictionaries(NAMES, ARRAYS, max_size=6))
def test_arrays_come_back_bit_for_bit(arrays):
    found = unpack(b"X", pack(b"X", arrays))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
        assert not found[name].flags.writeable


@given(st.lists(st.dictionaries(NAMES, ARRAYS, max_size=3), min_size=2, max_size=4))
def test_records_of_one_kind_may_be_laid_out_differently(several):
    records = [pack(b"X", arrays) for arrays in several]
    for record, arrays in [*zip(records, several, strict=True)] * 2:
        found = unpack(b"X", record)
        assert [(name, array.shape) for name, array in found.items()] == [
            (name, array.shape) for name, array in arrays.items()
        ]


def test_reading_keeps_nothing_of_a_record_however_many_shapes_there_are():
    """A reader meets new shapes all the time: the ids of a leaf differ in length in all."""
    arrays = {f"column {number}": np.zeros(3) for number in range(12)}
    records = [pack(b"L", {"ids": np.zeros(size), **arrays}) for size in range(2_000)]
    unpack(b"L", records[0])
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for record in records:
            unpack(b"L", record)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 64 * len(records)


@given(st.lists(TEXTS, max_size=8))
def test_texts_come_back_whatever_characters_they_hold(texts):
    record = pack(b"X", strings("ids", texts))
    assert read_strings("ids", unpack(b"X", record)) == tuple(texts)


@pytest.mark.parametrize("array", [np.array([None]), np.array(["a"]), np.zeros((1,) * 5)])
def test_what_has_no_code_is_refused(array):
    with pytest.raises(ValueError, match="bad cannot be stored"):
        pack(b"X", {"bad": array})


@given(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255))
def test_a_changed_byte_never_goes_unnoticed(place, change):
    torn = bytearray(SAMPLE)
    torn[place] ^= change
    with pytest.raises(StateError):
        unpack(b"L", bytes(torn))


@given(st.integers(0, len(SAMPLE) - 1))
def test_a_cut_record_never_goes_unnoticed(length):
    with pytest.raises(StateError):
        unpack(b"L", SAMPLE[:length])


def test_each_refusal_says_what_to_do():
    newer = SAMPLE[:8] + bytes([FORMAT + 1]) + SAMPLE[9:]
    with pytest.raises(StateError, match=rf"format {FORMAT + 1} and this version reads up to"):
        unpack(b"L", newer)
    with pytest.raises(StateError, match="not written by hcdv-stream: move the directory away"):
        unpack(b"L", b"\x80\x04\x95pickle of somebody else")
    with pytest.raises(StateError, match="of kind L lies where N belongs"):
        unpack(b"N", SAMPLE)
    with pytest.raises(StateError, match="damaged"):
        unpack(b"L", SAMPLE[:-1])
