"""Doubts in whole numbers: what goes in comes out."""

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hcdv_stream.valuation.doubt.model import DOUBT_BITS, MODELS, Doubts
from hcdv_stream.valuation.doubt.packed import (
    doubts_in,
    evidence_in,
    pack,
    plausible,
    suggested_in,
    units_in,
    unpack,
)


@given(st.data(), st.integers(0, 5), st.sampled_from([2, 3]))
def test_what_is_packed_comes_out(data: st.DataObject, count: int, models: int) -> None:
    units = data.draw(hnp.arrays("i8", count, elements=st.integers(0, 2**DOUBT_BITS)))
    found = Doubts(
        units / 2.0**DOUBT_BITS,
        data.draw(hnp.arrays("i2", count, elements=st.integers(0, 2**15 - 1))),
        data.draw(hnp.arrays("f8", (count, models), elements=st.floats(0.0, 1.0))),
    )
    seen = data.draw(hnp.arrays("?", count))
    evidence = data.draw(st.sampled_from(["validation", "examples"]))
    words = pack(found, evidence, seen)
    assert doubts_in(words).tolist() == found.doubt.tolist()
    assert units_in(words).tolist() == units.tolist()
    assert suggested_in(words).tolist() == found.suggested.tolist()
    expected = ["seen" if each else evidence for each in seen.tolist()]
    assert evidence_in(words) == expected
    for row, word in enumerate(words.tolist()):
        one = unpack(word)
        assert one is not None
        assert (one.doubt, one.suggested) == (found.doubt[row], found.suggested[row])
        assert one.evidence == expected[row]
        shares = {name: f"{share:.0%}" for name, share in one.support.items()}
        given_shares = found.support[row].tolist()
        assert shares == {
            name: f"{share:.0%}" for name, share in zip(MODELS, given_shares, strict=False)
        }


def test_who_is_not_doubted() -> None:
    nobody = np.zeros(2, np.uint64)
    assert np.isnan(doubts_in(nobody)).all()
    assert evidence_in(nobody) == [None, None]
    assert unpack(0) is None
    assert plausible(nobody, 2)


def test_words_that_are_no_doubts() -> None:
    found = Doubts(np.array([0.25]), np.array([2], np.int16), np.array([[0.5, 0.5, 0.5]]))
    words = pack(found, "validation", np.array([False]))
    assert plausible(words, 3)
    assert not plausible(words, 2)
    assert not plausible(words | np.uint64(1 << 62), 3)
    assert not plausible(words | np.uint64((1 << 21) - 1), 3)
