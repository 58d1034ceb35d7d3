"""The doubts of an estimator's examples: out of fold for those of the fit, frozen for later ones.

Models are fitted when a doubt is first asked for: values alone cost no more than before.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.labelled_matrix import LabelledMatrix

if TYPE_CHECKING:
    from hcdv_stream.valuation.doubt.doubt_training import TrainedDoubt
    from hcdv_stream.valuation.doubt.model import Doubts, Evidence

Labels = npt.NDArray[np.int16]
NO_CLASS = -1


class AlignedDoubts(NamedTuple):
    """Of n examples in a given order: NaN and NO_CLASS for one that is not doubted.

    ``doubt`` and ``suggested`` are (n,), ``support`` (n, M) is what each model gives the label.
    """

    doubt: Floats
    suggested: Labels
    support: Floats


class _Later(NamedTuple):
    """Examples that came after the fit."""

    names: Sequence[str]
    table: LabelledMatrix
    providers: Sequence[str | None]


class Doubting:
    """Examples with their features, and the models that doubt them."""

    def __init__(
        self,
        names: Sequence[str],
        examples: LabelledMatrix,
        trusted: LabelledMatrix,
        providers: Sequence[str | None],
        *,
        classes: int,
        seed: int,
    ) -> None:
        self._names = list(names)
        self._examples = examples
        self._trusted = trusted
        self._providers = list(providers)
        self._classes = classes
        self._seed = seed
        self._later: list[_Later] = []
        self._trained: TrainedDoubt | None = None
        self._aligned: tuple[tuple[str, ...], AlignedDoubts] | None = None

    def add(
        self,
        names: Sequence[str],
        features: npt.NDArray[np.float32],
        labels: Labels,
        providers: Sequence[str | None],
    ) -> None:
        """Add examples, or replace those of the same name; the models stay as they are."""
        self._later.append(_Later(names, LabelledMatrix(features, labels), providers))
        self._aligned = None

    @property
    def evidence(self) -> "Evidence":
        """What calibrated the doubts."""
        return self._fitted().model.evidence

    @property
    def models(self) -> tuple[str, ...]:
        """What the models of ``support`` are called."""
        return self._fitted().model.models.names

    def of(self, names: Sequence[str]) -> AlignedDoubts:
        """Return the doubts of examples by name, in that order."""
        wanted = tuple(names)
        if self._aligned is None or self._aligned[0] != wanted:
            self._aligned = wanted, self._align(wanted)
        return self._aligned[1]

    def _align(self, names: Sequence[str]) -> AlignedDoubts:
        trained = self._fitted()
        parts: list[tuple[Sequence[str], Doubts]] = [(self._names, trained.doubts)]
        parts += [
            (later.names, trained.model.doubts(*later.table, later.providers))
            for later in self._later
        ]
        places = {
            name: place for place, name in enumerate(name for part, _ in parts for name in part)
        }
        doubt, suggested, support = (
            np.concatenate([getattr(found, column) for _, found in parts])
            for column in ("doubt", "suggested", "support")
        )
        rows = np.array([places.get(name, NO_CLASS) for name in names], np.int64)
        known = rows >= 0
        return AlignedDoubts(
            _aligned(doubt, rows, known, np.nan),
            _aligned(suggested, rows, known, NO_CLASS),
            _aligned(support, rows, known, np.nan),
        )

    def _fitted(self) -> "TrainedDoubt":
        if self._trained is None:
            from hcdv_stream.valuation.doubt.doubt_training import (  # noqa: PLC0415 (slow to load)
                train_doubt,
            )

            named = any(name is not None for name in self._providers)
            self._trained = train_doubt(
                self._examples,
                self._trusted,
                self._classes,
                seed=self._seed,
                providers=self._providers if named else None,
            )
        return self._trained


def _aligned(
    column: npt.NDArray[Any], rows: npt.NDArray[np.int64], known: npt.NDArray[np.bool_], fill: float
) -> npt.NDArray[Any]:
    """Bring a column into another order; read-only."""
    aligned = np.full((len(rows), *column.shape[1:]), fill, column.dtype)
    aligned[known] = column[rows[known]]
    aligned.flags.writeable = False
    return aligned
