"""Weights of the exact Shapley values of Δ̄, functions of the class counts alone.

A point of class k arrives after a uniformly random set of predecessors; let a be the vector of
their class counts and P(a) = Σ_{b<c} a_b a_c. Its expected marginal contribution, given a, is
Σ_c a_c μ_{i,c} / P(a + e_k) + Σ_{b<c} a_b a_c μ_{bc} (1/P(a + e_k) − 1/P(a)), so

    near[k, c]   = E[a_c / P(a + e_k)]
    far[k, b, c] = E[a_b a_c (1/P(a + e_k) − 1/P(a))],   terms over P = 0 being 0.

Two classes: P(a) = a_1 a_2, and integrating over the arrival time of i (given which the counts are
independent binomials) gives near = (H_{n_k} + H_{n_c} − H_n) / n_k with harmonic numbers H, and
far = −(near − 1/n_k + 1/n). More classes: the expectation is enumerated over all count vectors
where these are few, else estimated over stratified arrival times with a fixed seed, then corrected
so that the identity behind efficiency, n_b near[b,c] + n_c near[c,b] + Σ_k n_k far[k,b,c]
= n_b n_c / P(n), holds exactly.
"""

from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST_ENUMERATED = 100_000
"""Count vectors up to which more than two classes are enumerated."""
_DRAWS = 8192


@lru_cache(maxsize=64)
def contrast_weights(counts: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return ``near`` (C, C) and ``far`` (C, C, C), symmetric in its last two axes."""
    present = [label for label, count in enumerate(counts) if count > 0]
    near = np.zeros((len(counts),) * 2)
    far = np.zeros((len(counts),) * 3)
    if len(present) < 2:
        return near, far
    inner = np.array([counts[label] for label in present])
    some_near, some_far = _two_classes(inner) if len(present) == 2 else _more_classes(inner)
    near[np.ix_(present, present)] = some_near
    far[np.ix_(present, present, present)] = some_far
    return near, far


def _harmonic(count: int) -> float:
    if count < 64:
        return sum(1.0 / term for term in range(1, count + 1))
    inverse = 1.0 / (count * count)
    tail = inverse * (1 / 12 - inverse * (1 / 120 - inverse / 252))
    return float(np.log(count) + np.euler_gamma + 1 / (2 * count) - tail)


def _two_classes(counts: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    near, far = np.zeros((2, 2)), np.zeros((2, 2, 2))
    total = int(counts.sum())
    shared = _harmonic(int(counts[0])) + _harmonic(int(counts[1])) - _harmonic(total)
    for own, other in ((0, 1), (1, 0)):
        near[own, other] = shared / counts[own]
        far[own, 0, 1] = far[own, 1, 0] = -(near[own, other] - 1.0 / counts[own] + 1.0 / total)
    return near, far


def _more_classes(counts: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    classes = len(counts)
    near, far = np.zeros((classes,) * 2), np.zeros((classes,) * 3)
    enumerable = float(np.prod(counts + 1.0)) <= MOST_ENUMERATED
    for own in range(classes):
        others = counts - (np.arange(classes) == own)
        before, chance = _enumerated(others) if enumerable else _stratified(others)
        near[own], far[own] = _expected_weights(before, chance, own)
    if not enumerable:
        _correct(near, far, counts)
    return near, far


def _expected_weights(before: Floats, chance: Floats, own: int) -> tuple[Floats, Floats]:
    after = before.copy()
    after[:, own] += 1
    rise = _inverse_pairs(after) - _inverse_pairs(before)
    near = (chance * _inverse_pairs(after)) @ before
    near[own] = 0.0
    far = np.einsum("s,sb,sc->bc", chance * rise, before, before)
    np.fill_diagonal(far, 0.0)
    return near, far


def _inverse_pairs(counts: Floats) -> Floats:
    pairs = (counts.sum(axis=1) ** 2 - (counts**2).sum(axis=1)) / 2
    inverse: Floats = np.divide(1.0, pairs, out=np.zeros_like(pairs), where=pairs > 0)
    return inverse


def _enumerated(counts: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Every vector of predecessor counts with its probability."""
    axes = [np.arange(count + 1) for count in counts]
    before = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(counts))
    total = int(counts.sum())
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, total + 1)))])

    def log_choose(n: int | npt.NDArray[np.int64], k: npt.NDArray[np.int64]) -> Floats:
        result: Floats = logs[n] - logs[k] - logs[n - k]
        return result

    ways = sum(log_choose(counts[c], before[:, c]) for c in range(len(counts)))
    chance = np.exp(ways - log_choose(total, before.sum(axis=1))) / (total + 1)
    return before.astype(np.float64), chance


def _stratified(counts: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Draw predecessor counts at arrival times that are stratified evenly in log(time + 1/n).

    What a point adds decays as 1/(n·time), so early times carry as much as late ones.
    """
    generator = np.random.default_rng([int(count) for count in counts])
    scale = 1.0 / counts.sum()
    edges = scale * (np.exp(np.linspace(0.0, np.log1p(1.0 / scale), _DRAWS + 1)) - 1.0)
    widths = np.diff(edges)
    times = np.clip(edges[:-1] + widths * generator.random(_DRAWS), 0.0, 1.0)
    return generator.binomial(counts, times[:, None]).astype(np.float64), widths


def _correct(near: Floats, far: Floats, counts: npt.NDArray[np.int64]) -> None:
    total = int(counts.sum())
    pairs = (total * total - int((counts * counts).sum())) / 2
    for one, other in combinations(range(len(counts)), 2):
        found = counts[one] * near[one, other] + counts[other] * near[other, one]
        missing = counts[one] * counts[other] / pairs - found - counts @ far[:, one, other]
        near[one, other] += missing / 2 / counts[one]
        near[other, one] += missing / 2 / counts[other]
