"""From a table of features to embeddings: what is fitted once and then asked again and again.

``identity`` takes features that already are an embedding, a function makes them from whatever X
is, and ``contrastive`` (see ``contrastive``) is trained on a part of the corpus. All of them
subtract the corpus's mean first: cosines of an off-centre cloud are all alike.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.features import RAW_LIMIT
from hcdv_stream.estimator.constraints import shown
from hcdv_stream.estimator.tabular import samples_of
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.grid import Embeddings, unit_grid

Function = Callable[[Any], npt.ArrayLike]
Encoder = Literal["contrastive", "identity"] | Function
Rows = npt.NDArray[np.int64]
Features = npt.NDArray[np.float32]

_BLOCK = 8192
"""Rows embedded at once: bounds memory, changes no bit."""


class Embedder(Protocol):
    """A frozen way of embedding."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """What its training reached; empty where nothing was trained."""

    def embed(self, table: Any, start: int) -> "Embedded":
        """Embed n rows, the first of which is the ``start``-th ever seen."""


class Embedded(NamedTuple):
    """``embeddings`` (n, d), and the ``features`` float32 (n, width) that they were made from.

    For a function as encoder, features are what it returned.
    """

    embeddings: Embeddings
    features: Features

    def take(self, rows: Rows) -> "Embedded":
        """Return some rows, in that order."""
        return Embedded(self.embeddings[rows], self.features[rows])


class Fitted(NamedTuple):
    """An embedder, and the table it was fitted on, embedded."""

    embedder: Embedder
    embedded: Embedded


class FunctionEmbedder:
    """Embeds through a function of the whole table, None being the identity."""

    def __init__(self, function: Function | None, centre: Floats) -> None:
        """``centre`` (d,) is subtracted from what the function returns."""
        self._function = function
        self._centre = centre

    @classmethod
    def fit(cls, function: Function | None, table: Any, rows: Rows) -> Fitted:
        """Ask the function once for n records, and centre on some of them.

        Raises ValueError where it returns anything but a finite matrix (n, d).
        """
        outputs = _outputs(function, table)
        chosen = outputs if len(rows) == len(outputs) else outputs[rows]
        embedder = cls(function, chosen.mean(axis=0, dtype=np.float64))
        return Fitted(embedder, Embedded(embedder._placed(outputs), _single(outputs)))

    @property
    def metrics(self) -> Mapping[str, float]:
        """Nothing: it was not trained."""
        return {}

    def embed(self, table: Any, start: int) -> Embedded:
        """See ``Embedder``; raises ValueError for another number of dimensions."""
        outputs = _outputs(self._function, table)
        return Embedded(self._placed(outputs), _single(outputs))

    def _placed(self, outputs: npt.NDArray[Any]) -> Embeddings:
        if outputs.shape[1] != len(self._centre):
            raise ValueError(
                f"the encoder gave {outputs.shape[1]} dimensions, {len(self._centre)} at fit"
            )
        placed: Embeddings = np.empty(outputs.shape, np.float32)
        for start in range(0, len(outputs), _BLOCK):
            rows = slice(start, start + _BLOCK)
            placed[rows] = unit_grid(outputs[rows] - self._centre)
        return placed


def _outputs(function: Function | None, table: Any) -> npt.NDArray[Any]:
    """Return f(X), (n, d), in single or double precision, clipped so that squares are finite."""
    given = table if function is None else function(table)
    samples = samples_of(table)
    try:
        outputs: npt.NDArray[Any] = np.asarray(given)
        if outputs.dtype not in (np.float32, np.float64):
            outputs = outputs.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"the encoder must give one row of numbers for each of {samples} samples, "
            f"it gave {shown(given)}"
        ) from None
    if outputs.ndim != 2 or len(outputs) != samples or not outputs.size:
        raise ValueError(
            f"the encoder must give one row of numbers for each of {samples} samples, "
            f"it gave the shape {outputs.shape}"
        )
    least, most = outputs.min(), outputs.max()
    if not (np.isfinite(least) and np.isfinite(most)):
        raise ValueError("the encoder gave NaN or infinity; its output must be finite")
    if max(-least, most) > RAW_LIMIT:
        outputs = np.clip(outputs, -RAW_LIMIT, RAW_LIMIT)
    return outputs


def _single(outputs: npt.NDArray[Any]) -> Features:
    """Return a copy in single precision, clipped to its range."""
    largest = np.finfo(np.float32).max
    single: Features = np.clip(outputs, -largest, largest).astype(np.float32)
    return single
