"""The paper's v on examples, with a ridge classifier: any coalition from merged Gram sketches.

Asked example by example a coalition of m examples costs O(m d²); among blocks each block's sketch
is summed once, and every coalition of blocks is a sum of sketches (``grams``).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.games.grams import Grams, products_of
from hcdv_stream.valuation.methods.blocks import Rows, examples
from hcdv_stream.valuation.methods.utility import CoalitionGame, Membership


class RidgeGame:
    """The paper's v as a game of n examples; keeps n (d + 1)(d + 2) / 2 numbers.

    Parameters
    ----------
    characteristic : Characteristic
        v of Gram sketches.
    embeddings : ndarray of float32 of shape (n, d)
        The examples, as `unit_grid` returns them.
    labels : ndarray of int16 of shape (n,)
        Their class indices.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import Characteristic, RidgeGame, Validation, unit_grid
    >>> embeddings = unit_grid([[1.0, 0.2], [0.9, 0.1], [-1.0, 0.3], [-0.8, 0.1]])
    >>> labels = np.array([0, 0, 1, 1], np.int16)
    >>> v = Characteristic(Validation(embeddings, labels), classes=2, lam=0.1)
    >>> everybody = np.ones((1, 4), bool)
    >>> RidgeGame(v, embeddings, labels)(~everybody).tolist()
    [0.0]

    """

    def __init__(
        self,
        characteristic: Characteristic,
        embeddings: Embeddings,
        labels: npt.NDArray[np.int16],
    ) -> None:
        self._characteristic = characteristic
        self._products = products_of(embeddings)
        self._labels = labels.astype(np.int64)

    @property
    def players(self) -> int:
        return len(self._labels)

    def __call__(self, membership: Membership) -> Floats:
        everyone = examples(np.arange(self.players))
        return self._characteristic.of_coalitions(membership, self._grams(everyone))

    def among(self, blocks: Sequence[Rows], context: Rows) -> CoalitionGame:
        """Return the game among blocks beside a context: see ``blocks``.

        Parameters
        ----------
        blocks : sequence of ndarray of int
            The examples of each block, which is a player.
        context : ndarray of int
            The examples that belong to every coalition.

        Returns
        -------
        CoalitionGame

        """
        grams = self._grams([*blocks, context])

        def worth(membership: Membership) -> Floats:
            always = np.ones((len(membership), 1), np.bool_)
            with_context = np.concatenate([membership, always], axis=1)
            return self._characteristic.of_coalitions(with_context, grams)

        return CoalitionGame(len(blocks), worth)

    def _grams(self, blocks: Sequence[Rows]) -> Grams:
        """Sum the sketches of each block, (B, C, entries)."""
        classes = self._characteristic.classes
        sizes = [len(block) for block in blocks]
        rows = np.concatenate(blocks)
        keys = np.repeat(np.arange(len(blocks)), sizes) * classes + self._labels[rows]
        order = np.argsort(keys, kind="stable")
        filled, starts = np.unique(keys[order], return_index=True)
        grams = np.zeros((len(blocks) * classes, self._products.shape[1]), np.int64)
        if len(rows):
            grams[filled] = np.add.reduceat(self._products[rows[order]], starts, axis=0)
        return grams.reshape(len(blocks), classes, -1)
