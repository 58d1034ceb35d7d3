"""Choosing training data by value: gate, then spread.

The highest values pile up near-duplicates of dense regions, so the best k examples by value are a
poor training set for every way of valuing. ``spread`` only drops what does harm, where wrong labels
gather, and draws at random from the rest. Where doubts are known, only an example that is doubted
is dropped, and if the doubt is small only one that evaluators object to as well: an example that is
merely hard is what a model learns from. Without doubts, evaluators say how much of a class does
harm, and the values say which: the contrast lifts the values of a small class and lowers those of a
large one, whatever harm they do, but with it values find wrong labels better.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats

Strategy = Literal["spread", "top"]
Labels = npt.NDArray[np.integer]
Rows = npt.NDArray[np.intp]

MOST_DROPPED = 0.3
"""Largest share of a class that ``spread`` drops; where labels are clean it drops about a tenth.

A fixed share instead (a quarter of each class) chose slightly worse data from noisy labels and
much worse from clean ones, on seeds that no reported experiment uses. So did, in points of AUC over
four sets and three seeds, drawing in proportion to the classes (0.3 from noisy, 0.5 from clean).
Sparing what is hardly below 0, down to a quarter of the median size of a class's values, lost 0.1
from noisy labels, for which the gate is there, and gained 0.4 from clean ones. Counting what is
valued, not evaluated, below 0 lost 0.2 examples from noisy labels and 0.3 from clean ones (eight
sets, three seeds).
"""
MOST_DOUBTED = 0.6
"""Largest share of a class that ``spread`` drops by doubt: beyond, the doubts are to be doubted."""
PROBABLY_WRONG, POSSIBLY_WRONG = 0.5, 0.1
"""Doubts above which an example is dropped: whatever its value, and if evaluators object too.

Chosen on six tuning sets (a seed, shares of 30%, points of AUC). From clean labels this rule is
0.02 ahead of values alone, 0.4 of doubts above 0.5 and 0.2 of those above 0.3; where a fifth of the
labels is flipped 1.0, 1.2 and 0.5. Dropping more does not help where labels are clean: the most
doubtful tenth of each class (1.64 points above random), or what is evaluated below 0 and doubted
more than its class on average (1.57), against 1.72 of this rule and 1.72 of cleanlab with gradient
boosting (six tuning sets, another seed).
"""

REASONS = ("chosen", "not drawn", "probably wrong", "doubted and of negative value", "low value")
CHOSEN, NOT_DRAWN, DOUBTED, OBJECTED, LOW_VALUE = range(len(REASONS))


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """``rows`` to train on, ascending, and of each of n examples the reason, as a place in REASONS.

    ``reasons`` is int8 (n,). An example that was dropped and is needed after all, since ``share``
    asks for more than there is besides, is chosen.
    """

    rows: Rows
    reasons: npt.NDArray[np.int8]


def select(
    values: Floats,
    labels: Labels,
    share: float,
    strategy: Strategy,
    generator: np.random.Generator,
    *,
    evaluated: Floats | None = None,
    doubts: Floats | None = None,
) -> Rows:
    """Return the rows of ``selection``."""
    chosen = selection(
        values, labels, share, strategy, generator, evaluated=evaluated, doubts=doubts
    )
    return chosen.rows


def selection(
    values: Floats,
    labels: Labels,
    share: float,
    strategy: Strategy,
    generator: np.random.Generator,
    *,
    evaluated: Floats | None = None,
    doubts: Floats | None = None,
) -> Selection:
    """Choose about ``share`` of n examples, with 0 < share <= 1, to train on.

    ``top`` takes the highest values (n,). ``spread`` drops examples, then draws the same number
    from every class, more from the others where a class has too few; it never returns a dropped row
    unless ``share`` asks for more than there is besides. With ``doubts`` (n,) it drops what is
    PROBABLY_WRONG, and what is POSSIBLY_WRONG and ``evaluated`` (n,) below 0, the most doubtful
    first and at most MOST_DOUBTED of a class. Without, it drops as many examples of each class as
    are evaluated below 0, lowest value first and at most ``MOST_DROPPED`` of the class.
    ``evaluated`` are the values without the contrast (``Values.evaluated``); None: the values.
    Raises ValueError for a share out of range and for a strategy that is neither.
    """
    if strategy not in get_args(Strategy):
        raise ValueError(f"strategy must be {' or '.join(get_args(Strategy))}, got {strategy!r}")
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share must lie in (0, 1], got {share}")
    if not len(values):
        return Selection(np.zeros(0, np.intp), np.zeros(0, np.int8))
    wanted = max(1, round(share * len(values)))
    if strategy == "top":
        reasons = np.full(len(values), LOW_VALUE, np.int8)
        return _chosen(np.argsort(-values, kind="stable")[:wanted], reasons)
    harmful = (values if evaluated is None else evaluated) < 0.0
    gated = [
        _gated(np.flatnonzero(labels == label), values, harmful, doubts)
        for label in np.unique(labels)
    ]
    kept = [rows[:stop] for rows, stop in gated]
    sizes = _even(wanted, [len(rows) for rows in kept])
    drawn = [generator.permutation(r)[:size] for r, size in zip(kept, sizes, strict=True)]
    chosen = np.concatenate(drawn)
    dropped = np.concatenate([rows[stop:] for rows, stop in gated])
    reasons = np.full(len(values), NOT_DRAWN, np.int8)
    reasons[dropped] = LOW_VALUE if doubts is None else OBJECTED
    if doubts is not None:
        reasons[dropped[doubts[dropped] > PROBABLY_WRONG]] = DOUBTED
    if len(chosen) < wanted:
        merit = values if doubts is None else -doubts
        best = dropped[np.argsort(-merit[dropped], kind="stable")]
        chosen = np.concatenate([chosen, best[: wanted - len(chosen)]])
    return _chosen(chosen, reasons)


def _chosen(rows: Rows, reasons: npt.NDArray[np.int8]) -> Selection:
    reasons[rows] = CHOSEN
    return Selection(np.sort(rows), reasons)


def _gated(
    rows: Rows, values: Floats, harmful: npt.NDArray[np.bool_], doubts: Floats | None
) -> tuple[Rows, int]:
    """Return a class's rows, the best first, and how many pass."""
    if doubts is None:
        ordered = rows[np.argsort(-values[rows], kind="stable")]
        dropped = min(int(np.count_nonzero(harmful[rows])), int(MOST_DROPPED * len(rows)))
        return ordered, len(rows) - dropped
    mine = doubts[rows]
    out = (mine > PROBABLY_WRONG) | (harmful[rows] & (mine > POSSIBLY_WRONG))
    ordered = rows[np.lexsort((mine, out))]  # what passes, then the least doubtful of the others
    dropped = min(int(np.count_nonzero(out)), int(MOST_DOUBTED * len(rows)))
    return ordered, len(rows) - dropped


def _even(wanted: int, available: list[int]) -> list[int]:
    """Share ``wanted`` out as evenly as the classes allow, smallest class first."""
    sizes = [0] * len(available)
    left = wanted
    order = sorted(range(len(available)), key=available.__getitem__)
    for done, place in enumerate(order):
        sizes[place] = min(available[place], left // (len(order) - done))
        left -= sizes[place]
    return sizes
