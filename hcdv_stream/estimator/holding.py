"""An engine with its roster: what is valued, and every result in the order of arrival."""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.estimator.roster import Roster
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.validation import Validation
from hcdv_stream.valuation.values import MappedValues, Values
from hcdv_stream.valuation.weights import Weights

NOWHERE = -1
"""The leaf, and the label, of an example that judges instead of being valued."""


class Holding:
    """The examples of one estimator: valued ones in the engine, judges on the roster alone."""

    def __init__(
        self,
        config: EngineConfig,
        classes: tuple[str, ...],
        validation: Validation,
        roster: Roster,
        state: EngineState,
    ) -> None:
        """Begin with a tree that holds its examples, and play them."""
        self.classes = classes
        self.validation = validation
        self.roster = roster
        self._engine = Engine(config, len(classes), validation, state)
        self._engine.play()
        self._last: tuple[Weights | None, Values] | None = None

    def apply(self, batch: Batch) -> None:
        """Add or replace examples that are on the roster."""
        self._engine.apply(batch)
        self._forget_results()

    def delete(self, names: Sequence[str]) -> None:
        """Delete examples, which whoever calls strikes off the roster."""
        dimensions = self.validation.embeddings.shape[1]
        self._engine.apply(Batch.of_deletions(names, dimensions))
        self._forget_results()

    @cached_property
    def corpus(self) -> Corpus:
        """The valued examples as columns, in the tree's order."""
        trusted = self.validation.counts(len(self.classes))
        config = self._engine.config
        state = self._engine.state()
        return Corpus(state, config.game, self.classes, trusted, config.neighbours)

    def values(self, weights: Weights | None) -> Values:
        """Return the values of every example, NaN for a judge; see ``Corpus.reading``."""
        if self._last is None or self._last[0] != weights:
            found = self.corpus.values(weights)
            aligned = MappedValues(found, partial(self.aligned, fill=np.nan))
            self._last = (weights, aligned)
        return self._last[1]

    @property
    def leaves(self) -> npt.NDArray[np.int64]:
        """Leaf of every example, NOWHERE for a judge."""
        return self.aligned(self.corpus.leaves, NOWHERE)

    @property
    def labels(self) -> npt.NDArray[np.int16]:
        """Class index of every example, NOWHERE for a judge."""
        return self.aligned(self.corpus.labels, NOWHERE)

    @property
    def providers(self) -> Sequence[str | None]:
        """Provider of every example, None for a judge."""
        owners = dict(zip(self.corpus.ids, self.corpus.providers, strict=True))
        return [owners.get(name) for name in self.roster.names]

    def aligned(self, column: npt.NDArray[Any], fill: float) -> npt.NDArray[Any]:
        """Bring a column of the corpus into the order of arrival; read-only."""
        held = self._places >= 0
        result = np.full(len(held), fill, column.dtype)
        result[held] = column[self._places[held]]
        result.flags.writeable = False
        return result

    @cached_property
    def _places(self) -> npt.NDArray[np.intp]:
        """Row in the corpus of every example, -1 for a judge."""
        rows = {name: row for row, name in enumerate(self.corpus.ids)}
        return np.array([rows.get(name, -1) for name in self.roster.names], dtype=np.intp)

    def _forget_results(self) -> None:
        self._last = None
        for name in ("corpus", "_places"):
            self.__dict__.pop(name, None)
