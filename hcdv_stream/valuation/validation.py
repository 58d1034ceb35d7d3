"""The trusted evaluators: the fixed validation set, embedded once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings


@dataclass(frozen=True, slots=True)
class Validation:
    """V, the trusted evaluators; without any the peers are the only ones.

    Parameters
    ----------
    embeddings : ndarray of float32 of shape (v, d)
        The trusted examples, as `unit_grid` returns them.
    labels : ndarray of int16 of shape (v,)
        Their class indices.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import Validation, unit_grid
    >>> v = Validation(unit_grid([[1.0], [-1.0]]), np.array([0, 1], np.int16))
    >>> len(v), v.counts(3).tolist()
    (2, [1, 1, 0])

    """

    embeddings: Embeddings
    labels: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self, classes: int) -> npt.NDArray[np.int64]:
        """Count the evaluators of each class.

        Parameters
        ----------
        classes : int
            The number of classes.

        Returns
        -------
        ndarray of int64 of shape (classes,)

        """
        return np.bincount(self.labels, minlength=classes).astype(np.int64)
