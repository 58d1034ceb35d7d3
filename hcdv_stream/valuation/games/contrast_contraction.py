"""The weights of Δ̄'s Shapley values as they are needed, in O(C²) memory however many classes.

``contrast_weights`` explains ``near`` and ``far``. A value needs ``near`` (C, C), ``own``[k, c] =
far[k, k, c] (C, C) and, with D[b, c] the mean distances between classes, one number for each class,
foreign[k] = Σ_{b<c; b, c ≠ k} far[k, b, c] D[b, c]. Up to MOST_TABLED classes that have an example
they come from the table of ``far``. Beyond, C³ numbers would be too many, and drawing a_c itself
would be noise: most parts hold no example of a small class. So the examples whose classes are named
are fixed, and the rest a of the predecessors is drawn, whose pairs P(a) hardly vary:

    near[k, c] = n_c          E[w₁ / P(a + e_c + e_k)]
    own[k, c]  = n_c (n_k−1)  E[w₂ (1 / P(a + 2 e_k + e_c) − 1 / P(a + e_k + e_c))]

The weights w follow from the sizes of the parts. That the fixed examples are not in a is taken into
account in the mean. ``foreign`` is a sum over all classes and is estimated from the parts directly.
In the end all are changed by one small share, so that the values add up to Δ̄ exactly.

With 33 classes ``near`` and ``own`` are within 1% (root mean square) of what 200,000 draws of whole
parts give, where 2,048 of these are 8% off. 200 classes take 0.1 s and 1,000 classes 0.6 s.
"""

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.contrast_weights import (
    MOST_TABLED,
    Integers,
    contrast_weights,
    drawn,
    inverse,
)

_MOST_DRAWS, _FEWEST_DRAWS = 2048, 512
_STEPS = 1 << 26
"""Parts times pairs of classes: bounds time."""
_BLOCK = 64
"""Parts looked at at once: bounds memory."""
_LARGE = 1 / 25
"""A class of a larger share of the corpus is not approximated by a series; there are few."""


def contracted_weights(counts: Integers, between: Floats) -> tuple[Floats, Floats, Floats]:
    """Return ``near`` (C, C), ``own`` (C, C) and ``foreign`` (C,).

    ``counts`` (C,) are the class counts, ``between`` (C, C) the mean distances between classes.
    Classes without an example weigh nothing.
    """
    if len(counts) <= MOST_TABLED:
        return _tabled(counts, between)
    present = np.flatnonzero(counts)
    near, own = np.zeros((len(counts),) * 2), np.zeros((len(counts),) * 2)
    foreign = np.zeros(len(counts))
    grid = np.ix_(present, present)
    found = _tabled if len(present) <= MOST_TABLED else _estimated
    near[grid], own[grid], foreign[present] = found(counts[present], between[grid])
    return near, own, foreign


def _tabled(counts: Integers, between: Floats) -> tuple[Floats, Floats, Floats]:
    near, far = contrast_weights(tuple(int(count) for count in counts))
    kept = np.triu(far, k=1)
    for own in range(len(far)):  # pairs that class k is no part of, each once
        kept[own, own, :] = 0.0
        kept[own, :, own] = 0.0
    return near, far.diagonal(axis1=0, axis2=1).T, np.einsum("kab,ab->k", kept, between)


def _estimated(counts: Integers, between: Floats) -> tuple[Floats, Floats, Floats]:
    classes = len(counts)
    draws = int(np.clip(_STEPS // classes**2, _FEWEST_DRAWS, _MOST_DRAWS))
    parts, chance = drawn(counts, 0, draws)
    parts = np.concatenate([np.zeros((1, classes)), parts])
    chance = np.concatenate([[1.0 / (counts.sum() + 1.0)], chance])
    sizes, distances = counts.astype(np.float64), between.copy()
    np.fill_diagonal(distances, 0.0)
    near, own = np.zeros((classes,) * 2), np.zeros((classes,) * 2)
    foreign = np.zeros(classes)
    for start in range(0, len(parts), _BLOCK):
        some, likely = parts[start : start + _BLOCK], chance[start : start + _BLOCK, None]
        _add_pairs(near, own, some, likely, sizes)
        foreign += _foreign(some, likely, sizes, distances)
    near *= sizes
    own *= sizes * (sizes - 1.0)[:, None]
    np.fill_diagonal(near, 0.0)
    np.fill_diagonal(own, 0.0)
    _make_efficient(near, own, foreign, sizes, distances)
    return near, own, foreign


def _add_pairs(near: Floats, own: Floats, parts: Floats, chance: Floats, counts: Floats) -> None:
    """Add what some parts (S, C) say of the pairs [k, c], but for n_c and n_k − 1."""
    total, size = counts.sum(), parts.sum(axis=1, keepdims=True)
    pairs = (size * size - (parts * parts).sum(axis=1, keepdims=True)) / 2
    once = chance * (size <= total - 2) * (total + 1) * (size + 1) / (total * (total - 1))
    twice = chance * (size <= total - 3) * (total + 1) * (size + 1) * (size + 2)
    twice /= total * (total - 1) * (total - 2)
    # A fixed example of class c is not in the part: a_c and the pairs are fewer in the mean.
    usual = 2 * pairs / np.maximum(size, 1)
    missed = parts / counts * (size - parts - usual)
    fewer = parts * (1.0 - 1.0 / counts) + missed
    fewest = parts * np.maximum(1.0 - 2.0 / counts, 0.0)
    whole = pairs + 2 * size + 1
    large = np.flatnonzero(counts > _LARGE * total)
    near += _reciprocals(once, whole, fewer, fewer, large)
    own -= _reciprocals(twice, whole, fewest + 2 * missed, fewer, large)
    own += _reciprocals(twice, whole + size + 1, 2 * (fewest + missed), fewer, large)


def _reciprocals(
    weights: Floats, whole: Floats, rows: Floats, columns: Floats, large: Integers
) -> Floats:
    """Σ_s weights_s / (whole_s − rows_sk − columns_sc) for all k and c, (C, C).

    To the second order in how far rows and columns are from their means, but for ``large`` ones.
    """
    middle, centre = rows.mean(axis=1, keepdims=True), columns.mean(axis=1, keepdims=True)
    inverse = 1.0 / np.maximum(whole - middle - centre, 1.0)
    scaled = weights * inverse
    row, column = (rows - middle) * inverse, (columns - centre) * inverse
    found: Floats = 2.0 * (scaled * row).T @ column
    found += (scaled * (row + row * row)).sum(axis=0)[:, None]
    found += (scaled * (1.0 + column + column * column)).sum(axis=0)
    for one in large.tolist():
        exact = weights / np.maximum(whole - rows[:, one, None] - columns, 1.0)
        found[one] = exact.sum(axis=0)
        exact = weights / np.maximum(whole - rows - columns[:, one, None], 1.0)
        found[:, one] = exact.sum(axis=0)
    return found


def _foreign(parts: Floats, chance: Floats, counts: Floats, distances: Floats) -> Floats:
    """Σ over parts (S, C) of the rise in 1/P by one example of class k, times the pairs without k.

    Parts are of the whole corpus: with chance a_k / n_k they hold the example that arrives.
    """
    size = parts.sum(axis=1, keepdims=True)
    pairs = (size * size - (parts * parts).sum(axis=1, keepdims=True)) / 2
    inside = chance * parts / counts
    alone, partners = inverse(pairs), size - parts
    rise = inside * (alone - inverse(pairs - partners))
    rise += (chance - inside) * (inverse(pairs + partners) - alone)
    reached = parts * (parts @ distances)
    found: Floats = (rise * (reached.sum(axis=1, keepdims=True) / 2 - reached)).sum(axis=0)
    return found


def _make_efficient(
    near: Floats, own: Floats, foreign: Floats, counts: Floats, distances: Floats
) -> None:
    """Change all of them by the same share, so that the values add up to Δ̄ of the whole."""
    total = counts.sum()
    pairs = (total * total - counts @ counts) / 2
    weighed = counts[:, None] * distances
    gained = float((near * weighed).sum())
    lost = float((own * weighed).sum() + counts @ foreign)
    if gained - lost > 0:
        share = (counts @ distances @ counts / (2 * pairs) - gained - lost) / (gained - lost)
        near *= 1.0 + share
        own *= 1.0 - share
        foreign *= 1.0 - share
