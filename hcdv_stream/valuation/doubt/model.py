"""The frozen doubt model: how likely a label is wrong, and which label the models would give.

Randomised trees, a small boosting and logistic regression, fitted together on labelled rows, each
give every class a probability. A score against a label is the mean of their log-odds for any other
class; V calibrates scores to probabilities (``calibration``). Nothing here is random, and a row's
doubt has the same bits alone and in a batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.calibration import Calibration, Labels
from hcdv_stream.valuation.doubt.linear import LinearScores
from hcdv_stream.valuation.doubt.trees import VALUE_BITS, Matrix, TreeEnsemble

MODELS = ("trees", "logistic", "boosting")
"""What the models are called; of many classes there is no boosting."""
Evidence = Literal["validation", "examples"]
"""What calibrated a doubt: V, or without one the examples alone."""

LEAST_PROBABILITY = 1e-3
"""Probabilities are kept this far from 0 and 1: no model is surer than that of a label."""
DOUBT_BITS = 20
"""Doubts are multiples of 2^-DOUBT_BITS, which hides most last bits of exp and log."""
_EVERYBODY = -1
"""The place of the models that were fitted on everybody's rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """Of n labelled rows: ``doubt`` float64 (n,) in [0, 1], the probability that a label is wrong.

    ``suggested`` int16 (n,) is the class that the models find likeliest instead of the label,
    ``support`` float64 (n, M) the probability that each model gives the label, in the order of
    ``MODELS``.
    """

    doubt: Floats
    suggested: Labels
    support: Floats


@dataclass(frozen=True, eq=False)
class ClassModels:
    """Models fitted on the same rows of C classes; ``boosting`` is None where C is too large."""

    forest: TreeEnsemble
    linear: LinearScores
    boosting: TreeEnsemble | None
    baseline: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """What the models are called, in the order of ``probabilities``."""
        return MODELS[:-1] if self.boosting is None else MODELS

    @property
    def classes(self) -> int:
        """C."""
        return len(self.linear.intercepts)

    @property
    def columns(self) -> int:
        """The length of a row."""
        return len(self.linear.centre)

    def probabilities(self, rows: Matrix) -> Floats:
        """Return what each model gives each class, (M, n, C), kept from 0 and 1."""
        given = [self.tree_probabilities(rows)]
        given.append(_softmax(self.linear.scores(rows)))
        if self.boosting is not None:
            sums = np.ldexp(self.boosting.sums(rows).astype(np.float64), -VALUE_BITS)
            given.append(_softmax(_every_class(sums + self.baseline)))
        return kept_apart(np.stack(given))

    def tree_probabilities(self, rows: Matrix) -> Floats:
        """Return what the trees give each class, (n, C)."""
        sums = self.forest.sums(rows).astype(np.float64)
        shares: Floats = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1.0)
        return shares

    def check(self, columns: int, classes: int) -> None:
        """Raise ValueError where the parts do not fit each other."""
        self.linear.check(columns, classes)
        self.forest.check(columns)
        if self.forest.groups != 1 or self.forest.outputs.shape[1] != classes:
            raise ValueError("its trees are of another number of classes")
        if (self.forest.outputs < 0).any():
            raise ValueError("its trees hold a negative share")
        if self.boosting is not None:
            self.boosting.check(columns)
            groups = 1 if classes == 2 else classes
            if self.boosting.groups != groups or self.boosting.outputs.shape[1] != 1:
                raise ValueError("its boosting is of another number of classes")
            if self.baseline.shape != (groups,) or not np.isfinite(self.baseline).all():
                raise ValueError("its boosting has no baseline of finite numbers")


@dataclass(frozen=True, eq=False)
class DoubtModel:
    """Models and their calibration; frozen.

    ``models`` were fitted on all rows at hand. ``blind`` are fitted without some providers' rows:
    ``blind_to`` says which of them had not seen a provider, and ``sharpness`` (one for each) what
    their log-odds are multiplied with. ``evidence`` is what calibrated. ``learned`` are the
    first halves of the fingerprints of the rows that ``models`` were fitted on, ascending; empty if
    they are not known.
    """

    models: ClassModels
    calibration: Calibration
    evidence: Evidence
    blind: Sequence[ClassModels] = ()
    blind_to: Mapping[str, int] | None = None
    sharpness: Floats = field(default_factory=lambda: np.zeros(0))
    learned: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    def doubts(
        self, rows: Matrix, labels: Labels, providers: Sequence[str | None] | None = None
    ) -> Doubts:
        """Return the doubts of labelled rows that the models have not seen.

        Parameters
        ----------
        rows : float32 array of shape (n, width)
            What the encoder takes: ``FeatureSchema.matrix``.
        labels : int16 array of shape (n,)
            Class indices.
        providers : sequence of length n, optional
            Who supplied each row. A provider of the training rows is doubted by models that saw
            none of its rows.

        Returns
        -------
        Doubts

        Raises
        ------
        ValueError
            If shapes do not fit, or a label is no class.

        """
        self._check_rows(rows, labels)
        if providers is None or not self.blind_to:
            ones = np.ones(len(rows))
            return doubts_of(self.models.probabilities(rows), labels, self.calibration, ones)
        chosen = self._models_of(providers)
        # The last of these is 1, for the models of all rows, which have the place -1.
        sharpness = np.append(self.sharpness, 1.0)[chosen]
        probabilities = np.empty((len(self.models.names), len(rows), self.models.classes))
        for place in np.unique(chosen).tolist():
            theirs = np.flatnonzero(chosen == place)
            models = self.models if place == _EVERYBODY else self.blind[place]
            probabilities[:, theirs] = models.probabilities(rows[theirs])
        return doubts_of(probabilities, labels, self.calibration, sharpness)

    def seen(
        self, fingerprints: npt.NDArray[np.uint64], providers: Sequence[str | None]
    ) -> npt.NDArray[np.bool_]:
        """Return which of n rows the models that doubt them have learned from.

        ``fingerprints`` (n,) are the first halves. Models that did not see a provider did not see
        its rows.
        """
        if not len(self.learned):
            return np.zeros(len(fingerprints), np.bool_)
        places = np.searchsorted(self.learned, fingerprints)
        found: npt.NDArray[np.bool_] = (
            self.learned[np.minimum(places, len(self.learned) - 1)] == fingerprints
        )
        return found & (self._models_of(providers) == _EVERYBODY) if self.blind_to else found

    def _models_of(self, providers: Sequence[str | None]) -> npt.NDArray[np.int64]:
        """Return which of ``blind`` doubts each provider's rows, _EVERYBODY for ``models``."""
        known = self.blind_to or {}
        return np.array([known.get(name or "", _EVERYBODY) for name in providers], np.int64)

    def _check_rows(self, rows: Matrix, labels: Labels) -> None:
        columns, classes = self.models.columns, self.models.classes
        if rows.ndim != 2 or rows.shape != (len(labels), columns):
            raise ValueError(
                f"the doubt model takes rows of {columns} columns, got shape {rows.shape} "
                f"for {len(labels)} labels"
            )
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
            raise ValueError(f"labels must be from 0 to {classes - 1}")

    def check(self, columns: int, classes: int) -> None:
        """Raise ValueError where the parts do not fit each other."""
        self.calibration.check(classes)
        for models in (self.models, *self.blind):
            models.check(columns, classes)
        places = set((self.blind_to or {}).values())
        if not places <= set(range(len(self.blind))):
            raise ValueError("a provider's models are not there")
        if self.sharpness.shape != (len(self.blind),):
            raise ValueError("its sharpness is of another number of models")
        if not np.isfinite(self.sharpness).all() or not (self.sharpness > 0.0).all():
            raise ValueError("its sharpness must be finite and above 0")
        if (self.learned[1:] < self.learned[:-1]).any():
            raise ValueError("the fingerprints that it has learned from do not ascend")


def doubts_of(
    probabilities: Floats, labels: Labels, calibration: Calibration, sharpness: Floats
) -> Doubts:
    """Return the doubts of n labels from what M models give each class, (M, n, C).

    ``sharpness`` (n,) multiplies log-odds, so that models of different sharpness agree.
    """
    odds = log_odds(probabilities) * sharpness[:, None]
    everyone = np.arange(len(labels))
    doubt = calibration.doubts(-odds[everyone, labels], labels)
    others = odds.copy()
    others[everyone, labels] = -np.inf
    return Doubts(
        np.ldexp(np.rint(np.ldexp(doubt, DOUBT_BITS)), -DOUBT_BITS),
        others.argmax(axis=1).astype(np.int16),
        np.ascontiguousarray(probabilities[:, everyone, labels].T),
    )


def kept_apart(probabilities: Floats) -> Floats:
    """Return probabilities kept from 0 and 1 by LEAST_PROBABILITY."""
    kept: Floats = np.clip(probabilities, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)
    return kept


def log_odds(probabilities: Floats) -> Floats:
    """Return the mean log-odds of every class, (n, C), over M models, (M, n, C)."""
    odds: Floats = np.log(probabilities) - np.log1p(-probabilities)
    total: Floats = odds[0].copy()
    for each in odds[1:]:
        total += each
    return total / len(odds)


def _every_class(sums: Floats) -> Floats:
    """Return scores of two classes where a boosting of two has those of the second alone."""
    return np.hstack([np.zeros_like(sums), sums]) if sums.shape[1] == 1 else sums


def _softmax(scores: Floats) -> Floats:
    """Return probabilities (n, C), each sum added up class by class in one order."""
    raised: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    total: Floats = raised[:, 0].copy()
    for column in raised.T[1:]:
        total += column
    return raised / total[:, None]
