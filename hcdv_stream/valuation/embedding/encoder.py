"""The frozen encoder f and its inference: u = unit_grid(f(x) − centre).

Two kinds: a perceptron trained as Stage I says (``encoder_training``), and the identity, for
features that already are embeddings. Both subtract the mean embedding of their training rows:
cosines of an off-centre cloud are all alike.

Inference is bit-identical however a log is cut into batches. A BLAS may round a product
differently for another shape or another row of the same matrix, so rows go through the network in
chunks of CHUNK, and the record at position p of its log is always row p % CHUNK of a chunk, with
zeros in the rows of records that are not at hand. One thread, since a row's work must not depend
on how many share it.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings, unit_grid

if TYPE_CHECKING:
    from hcdv_stream.valuation.embedding.perceptron import Perceptron

CHUNK = 64
"""Rows that go through the network at once."""

Matrix = npt.NDArray[np.float32]


class Encoder:
    """A frozen f with its centre.

    ``network`` maps float32 (n, width) to (n, d); None is the identity. ``centre`` is (d,).
    """

    def __init__(self, network: "Perceptron | None", centre: npt.NDArray[np.float32]) -> None:
        self.centre = centre
        self._network = network

    @property
    def dimensions(self) -> int:
        """The length d of an embedding."""
        return len(self.centre)

    @property
    def width(self) -> int:
        """The length of an input row."""
        return len(self.centre) if self._network is None else self._network.width

    def embed(self, rows: Matrix, positions: npt.NDArray[np.int64]) -> Embeddings:
        """Embed records (n, width) at ``positions`` (n,) of their log: grid unit vectors (n, d).

        A record's embedding depends on its row and on its position modulo CHUNK alone. Raises
        ValueError where shapes do not fit.
        """
        if rows.ndim != 2 or rows.shape != (len(positions), self.width):
            raise ValueError(
                f"the encoder takes rows of {self.width} columns, got shape {rows.shape} "
                f"for {len(positions)} positions"
            )
        return unit_grid(self._outputs(rows, positions).astype(np.float64) - self.centre)

    def tensors(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return everything learnt, by name; ``from_tensors`` is the inverse."""
        learnt = {"centre": self.centre.copy()}
        if self._network is not None:
            state = self._network.tensors()
            learnt |= {f"network.{name}": tensor for name, tensor in state.items()}
        return learnt

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, npt.NDArray[np.float32]]) -> "Encoder":
        """Rebuild an encoder; raises ValueError where the tensors are not those of one.

        Torch loads where there is a network, and only there: it takes longer than all the rest of
        a worker's start.
        """
        if "centre" not in tensors or tensors["centre"].ndim != 1:
            raise ValueError("the encoder's centre is missing or no vector")
        centre = tensors["centre"].astype(np.float32)
        state = {name: tensor for name, tensor in tensors.items() if name != "centre"}
        if not state:
            return cls(None, centre)
        layers = len(state) // 2
        kinds = [(2 * place, kind) for place in range(layers) for kind in ("weight", "bias")]
        if state.keys() != {f"network.{place}.{kind}" for place, kind in kinds}:
            raise ValueError("the encoder's tensors are not the layers of a perceptron")
        weights = [state[f"network.{2 * place}.weight"] for place in range(layers)]
        biases = [state[f"network.{2 * place}.bias"] for place in range(layers)]
        shapes = [weight.shape for weight in weights]
        if any(len(shape) != 2 for shape in shapes) or shapes[-1][0] != len(centre):
            raise ValueError("the encoder's centre and its last layer differ in length")
        fits = [below[0] == above[1] for below, above in pairwise(shapes)]
        fits += [bias.shape == (shape[0],) for bias, shape in zip(biases, shapes, strict=True)]
        if not all(fits):
            raise ValueError("the encoder's layers do not fit together")
        from hcdv_stream.valuation.embedding.perceptron import (  # noqa: PLC0415 (loads torch)
            Perceptron,
        )

        network = Perceptron.from_tensors(
            {name.removeprefix("network."): tensor for name, tensor in state.items()}
        )
        return cls(network, centre)

    def _outputs(self, rows: Matrix, positions: npt.NDArray[np.int64]) -> Matrix:
        """Return f(x), shape (n, d)."""
        if self._network is None or not len(rows):
            return rows if self._network is None else np.zeros((0, self.dimensions), np.float32)
        outputs = np.empty((len(rows), self.dimensions), np.float32)
        for members in _chunks(positions):
            places = positions[members] % CHUNK
            chunk = np.zeros((CHUNK, self.width), np.float32)
            chunk[places] = rows[members]
            outputs[members] = self._network(chunk)[places]
        return outputs


def _chunks(positions: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Group records so that no two of a group share a place in their chunk.

    Records of one aligned run of CHUNK positions go together; a position met again (a caller that
    embeds several logs at once) opens another group.
    """
    order = np.lexsort((positions,))
    ordered = positions[order]
    runs = ordered // CHUNK
    starts = np.flatnonzero((np.diff(runs) != 0) | (np.diff(ordered) == 0)) + 1
    return np.split(order, starts)
