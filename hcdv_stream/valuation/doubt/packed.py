"""A label's doubt, and what it rests on, in one whole number of 64 bits.

An example in the tree has such a number beside its label. Leaves are cut and joined thousands of
times a minute, so one column of plain numbers costs least; nothing is lost, since doubts and the
shares that models give are whole numbers of their units anyway.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.model import DOUBT_BITS, MODELS, Doubts, Evidence

Packed = npt.NDArray[np.uint64]
"""(n,), 0 for an example that is not doubted."""

StoredEvidence = Literal[Evidence, "seen"]
"""What a doubt rests on; ``seen``: the models have learned from this very row."""
NO_DOUBT = 0
UNDOUBTED = float("nan")
_EVIDENCE: tuple[StoredEvidence, ...] = (*get_args(Evidence), "seen")
_SHARE_BITS, _NO_SHARE = 7, 127
_SUPPORT_AT = DOUBT_BITS + 1
_SUGGESTED_AT = _SUPPORT_AT + _SHARE_BITS * len(MODELS)
_SUGGESTED_BITS = 15
_EVIDENCE_AT = _SUGGESTED_AT + _SUGGESTED_BITS


class UnpackedDoubt(NamedTuple):
    """One example's: ``suggested`` is a class index, ``support`` a share for each model by name."""

    doubt: float
    suggested: int
    support: dict[str, float]
    evidence: StoredEvidence


def pack(doubts: Doubts, evidence: Evidence, seen: npt.NDArray[np.bool_]) -> Packed:
    """Pack n doubts; ``seen`` (n,) tells rows that the models have learned from."""
    words = np.rint(np.ldexp(doubts.doubt, DOUBT_BITS)).astype(np.uint64)
    shares = np.full((len(words), len(MODELS)), _NO_SHARE, np.uint64)
    shares[:, : doubts.support.shape[1]] = np.rint(100.0 * doubts.support)
    for place in range(len(MODELS)):
        words |= shares[:, place] << np.uint64(_SUPPORT_AT + _SHARE_BITS * place)
    words |= doubts.suggested.astype(np.uint64) << np.uint64(_SUGGESTED_AT)
    codes = np.where(seen, len(_EVIDENCE), 1 + _EVIDENCE.index(evidence)).astype(np.uint64)
    return words | codes << np.uint64(_EVIDENCE_AT)


def doubts_in(words: Packed) -> Floats:
    """Return the probabilities (n,) that labels are wrong, NaN for who is not doubted."""
    doubts = np.ldexp(units_in(words).astype(np.float64), -DOUBT_BITS)
    doubts[words == NO_DOUBT] = UNDOUBTED
    return doubts


def units_in(words: Packed) -> npt.NDArray[np.int64]:
    """Return doubts in units of 2^-DOUBT_BITS, which add up exactly; 0 where there is none."""
    return (words & np.uint64((1 << _SUPPORT_AT) - 1)).astype(np.int64)


def suggested_in(words: Packed) -> npt.NDArray[np.int16]:
    """Return the suggested class indices (n,); meaningless where there is no doubt."""
    mask = np.uint64((1 << _SUGGESTED_BITS) - 1)
    return ((words >> np.uint64(_SUGGESTED_AT)) & mask).astype(np.int16)


def evidence_in(words: Packed) -> list[StoredEvidence | None]:
    """Return what each doubt rests on, None where there is none."""
    codes = (words >> np.uint64(_EVIDENCE_AT)).tolist()
    return [None if code == 0 else _EVIDENCE[code - 1] for code in codes]


def plausible(words: Packed, classes: int) -> bool:
    """Whether words are doubts of so many classes, or none."""
    there = words[words != NO_DOUBT]
    codes = there >> np.uint64(_EVIDENCE_AT)
    known = (codes >= 1) & (codes <= len(_EVIDENCE)) & (suggested_in(there) < classes)
    return bool((known & (units_in(there) <= 1 << DOUBT_BITS)).all())


def unpack(word: int) -> UnpackedDoubt | None:
    """Return one example's doubt, None if it has none."""
    if word == NO_DOUBT:
        return None
    support = {}
    for place, name in enumerate(MODELS):
        share = word >> (_SUPPORT_AT + _SHARE_BITS * place) & _NO_SHARE
        if share != _NO_SHARE:
            support[name] = share / 100.0
    return UnpackedDoubt(
        (word & (1 << _SUPPORT_AT) - 1) / (1 << DOUBT_BITS),
        word >> _SUGGESTED_AT & (1 << _SUGGESTED_BITS) - 1,
        support,
        _EVIDENCE[(word >> _EVIDENCE_AT) - 1],
    )
