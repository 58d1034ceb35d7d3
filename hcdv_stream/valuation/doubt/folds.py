"""Folds in which no model sees the rows that it is to doubt, nor their provider's."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int16]
Folds = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]

FOLDS = 5
LEAST_KNOWN, LEAST_ROWS = 0.25, 5
"""A class is known to the rest if it is at least so common there as a share of how common it is in
all, and has so many rows."""


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
    trusted: Labels | None = None,
    folds: int = FOLDS,
) -> Folds:
    """Return folds that keep each provider's rows together; rows of nobody are spread evenly.

    The largest provider is placed first, each into the fold with the fewest rows so far in which
    the rest still knows every class; ``trusted`` are the labels of V, which belong to every rest.
    Where there is no such fold, models without a provider's rows would take its class for wrong
    whatever the label, so its rows are spread. So they are with fewer than two providers.
    """
    sizes = Counter(name for name in providers if name is not None)
    if len(sizes) < 2:
        return stratified_folds(labels, generator, folds)
    classes = 1 + int(labels.max())
    of_provider = _class_counts(labels, providers, classes)
    whole = np.bincount(labels, minlength=classes)
    if trusted is not None:
        whole = whole + np.bincount(trusted, minlength=classes)[:classes]
    filled = np.zeros((folds, classes), np.int64)
    place = {}
    for name, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        for fold in np.argsort(filled.sum(axis=1), kind="stable").tolist():
            within = filled[fold] + of_provider[name]
            if _known_to_the_rest(whole, within):
                place[name], filled[fold] = fold, within
                break
    found = np.array([place.get(name or "", -1) for name in providers], np.int64)
    nobody = np.flatnonzero(found < 0)  # or a provider that is spread
    found[nobody] = stratified_folds(labels[nobody], generator, folds)
    return found


def _class_counts(
    labels: Labels, providers: Sequence[str | None], classes: int
) -> dict[str, Counts]:
    """Return how many rows of each class every provider has."""
    counts: dict[str, Counts] = {}
    for name, label in zip(providers, labels.tolist(), strict=True):
        if name is not None:
            counts.setdefault(name, np.zeros(classes, np.int64))[label] += 1
    return counts


def _known_to_the_rest(whole: Counts, within: Counts) -> bool:
    """Whether those outside a fold have enough rows of each class that the fold has."""
    rest, held = whole - within, within > 0
    rare = rest * whole.sum() < LEAST_KNOWN * whole * max(int(rest.sum()), 1)
    few = rest < np.minimum(LEAST_ROWS, whole)
    return not (held & (rare | few)).any()


def blind_fold(providers: Sequence[str | None], folds: Folds) -> dict[str, int]:
    """Return for each provider the fold whose model saw none of its rows, where there is one."""
    seen: dict[str, set[int]] = {}
    for name, fold in zip(providers, folds.tolist(), strict=True):
        if name is not None:
            seen.setdefault(name, set()).add(fold)
    return {name: next(iter(places)) for name, places in seen.items() if len(places) == 1}
