"""Folds in which no model sees the rows that it is to doubt, nor their provider's."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int16]
Folds = npt.NDArray[np.int64]

FOLDS = 5


def stratified_folds(labels: Labels, generator: np.random.Generator, folds: int = FOLDS) -> Folds:
    """Return a fold from 0 for each of n rows; every class is spread evenly."""
    found = np.empty(len(labels), np.int64)
    first = 0
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        found[rows] = (first + np.arange(len(rows))) % folds
        first += len(rows)
    return found


def provider_folds(
    labels: Labels,
    providers: Sequence[str | None],
    generator: np.random.Generator,
    folds: int = FOLDS,
) -> Folds:
    """Return folds that keep each provider's rows together; rows of nobody are spread evenly.

    The largest provider is placed first, each into the fold with the fewest rows so far. With
    fewer than two providers nobody else's rows are there to learn from, so rows are spread.
    """
    sizes = Counter(name for name in providers if name is not None)
    if len(sizes) < 2:
        return stratified_folds(labels, generator, folds)
    filled = [0] * folds
    place = {}
    for name, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        place[name] = filled.index(min(filled))
        filled[place[name]] += size
    found = np.array([place.get(name or "", -1) for name in providers], np.int64)
    nobody = np.flatnonzero(found < 0)
    found[nobody] = stratified_folds(labels[nobody], generator, folds)
    return found


def blind_fold(providers: Sequence[str | None], folds: Folds) -> dict[str, int]:
    """Return for each provider the fold whose model saw none of its rows, where there is one."""
    seen: dict[str, set[int]] = {}
    for name, fold in zip(providers, folds.tolist(), strict=True):
        if name is not None:
            seen.setdefault(name, set()).add(fold)
    return {name: next(iter(places)) for name, places in seen.items() if len(places) == 1}
