"""Choosing training data by value: gate, then spread.

The highest values pile up near-duplicates of dense regions, so the best k examples by value are a
poor training set for every way of valuing. ``spread`` only drops what does harm, where wrong labels
gather, and draws at random from the rest. Where doubts are known, they say which examples of a
class are dropped: all that are probably wrong, those with a smaller doubt that evaluators object to
as well, and as many of the most doubtful as evaluators find to do harm, up to a tenth. Without
doubts, evaluators say how much of a class does harm, and the values say which: the contrast lifts
the values of a small class and lowers those of a large one, whatever harm they do, but with it
values find wrong labels better.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats

Strategy = Literal["spread", "top"]
Labels = npt.NDArray[np.integer]
Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

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

Chosen on six tuning sets (a seed, shares of 30%, points of AUC), before MOST_AMBIGUOUS. From clean
labels this rule is 0.02 ahead of values alone, 0.4 of doubts above 0.5 and 0.2 of those above 0.3;
where a fifth of the labels is flipped 1.0, 1.2 and 0.5.
"""
MOST_AMBIGUOUS = 0.1
"""Largest share of a class that ``spread`` drops as its most doubtful, whatever the doubts are.

A model that is trained on labels that nobody can predict fits noise. In points of AUC, mean over
shares of 10, 30 and 50% (seven tuning sets, seeds 100 and 101, ± the standard error over runs), it
gains 0.63 ± 0.31 from clean labels, 0.03 ± 0.22 where a fifth is flipped and 0.43 ± 0.21 where one
class has wrong labels. From clean labels other rules gain as much or less: a tenth of each class
whatever evaluators say, also of one that is easy, 0.59 ± 0.34, a fifth 0.46 ± 0.60, half of what
they object to 0.57 ± 0.22, what they object to among the most doubtful fifth 0.20 ± 0.48. All that
is doubted above 0.1 gains 0.41 ± 0.22, but loses 1.5 on a set where a fifth is flipped.

Covering the embedding does not help, so that there is no strategy for it. From clean labels and
without this gate, examples far from each other (k-centre) lose 3.4 ± 1.3, one of each of 20 cells
in turn 2.9 ± 1.2, a facility location 0.9 ± 0.7; a share of each cell gains 0.7 ± 0.1, but with
this gate loses 0.2 ± 0.2. Drawing by the root of a class's size loses 0.6 ± 0.2.
"""

REASONS = (
    "chosen",
    "not drawn",
    "probably wrong",
    "doubted and of negative value",
    "among the most doubtful of its class",
    "low value",
)
CHOSEN, NOT_DRAWN, DOUBTED, OBJECTED, AMBIGUOUS, LOW_VALUE = range(len(REASONS))


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
    first and at most MOST_DOUBTED of a class. Where that is less than the share of the class that
    is evaluated below 0, the most doubtful others follow, until that share or MOST_AMBIGUOUS is
    reached. Without, it drops as many examples of each class as are evaluated below 0, lowest value
    first and at most ``MOST_DROPPED`` of the class.
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
    reasons[dropped] = LOW_VALUE if doubts is None else _why(doubts[dropped], harmful[dropped])
    if len(chosen) < wanted:
        merit = values if doubts is None else -doubts
        best = dropped[np.argsort(-merit[dropped], kind="stable")]
        chosen = np.concatenate([chosen, best[: wanted - len(chosen)]])
    return _chosen(chosen, reasons)


def _chosen(rows: Rows, reasons: npt.NDArray[np.int8]) -> Selection:
    reasons[rows] = CHOSEN
    return Selection(np.sort(rows), reasons)


def _gated(rows: Rows, values: Floats, harmful: Mask, doubts: Floats | None) -> tuple[Rows, int]:
    """Return a class's rows, the best first, and how many pass."""
    if doubts is None:
        ordered = rows[np.argsort(-values[rows], kind="stable")]
        dropped = min(int(np.count_nonzero(harmful[rows])), int(MOST_DROPPED * len(rows)))
        return ordered, len(rows) - dropped
    mine = doubts[rows]
    out = _objectionable(mine, harmful[rows])
    # What passes, then the others; in both the least doubtful first, of equals the most valuable.
    ordered = rows[np.lexsort((-values[rows], mine, out))]
    dropped = min(int(np.count_nonzero(out)), int(MOST_DOUBTED * len(rows)))
    ambiguous = min(int(np.count_nonzero(harmful[rows])), int(MOST_AMBIGUOUS * len(rows)))
    return ordered, len(rows) - max(dropped, ambiguous)


def _objectionable(doubts: Floats, harmful: Mask) -> Mask:
    """Return which examples are dropped whatever the others of their class are."""
    return (doubts > PROBABLY_WRONG) | (harmful & (doubts > POSSIBLY_WRONG))


def _why(doubts: Floats, harmful: Mask) -> npt.NDArray[np.int8]:
    """Return the reasons why such examples were dropped."""
    reasons = np.full(len(doubts), AMBIGUOUS, np.int8)
    reasons[_objectionable(doubts, harmful)] = OBJECTED
    reasons[doubts > PROBABLY_WRONG] = DOUBTED
    return reasons


def _even(wanted: int, available: list[int]) -> list[int]:
    """Share ``wanted`` out as evenly as the classes allow, smallest class first."""
    sizes = [0] * len(available)
    left = wanted
    order = sorted(range(len(available)), key=available.__getitem__)
    for done, place in enumerate(order):
        sizes[place] = min(available[place], left // (len(order) - done))
        left -= sizes[place]
    return sizes
