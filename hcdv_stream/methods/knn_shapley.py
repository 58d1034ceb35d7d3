"""KNN-Shapley of the whole corpus, exactly."""

from collections.abc import Mapping
from typing import Any

from hcdv_stream.estimator.embedders import Encoder
from hcdv_stream.methods.base import Method
from hcdv_stream.methods.context import MethodContext
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley
from hcdv_stream.valuation.methods.sampling.run import Estimate
from hcdv_stream.valuation.weights import Weights


class KNNShapley(Method):
    """KNN-Shapley: exact Shapley values of the k-nearest-neighbour classifier on V.

    It takes O(n_val n (d + log n)) and trains nothing. Nearness is cosine in the embedding.

    Parameters
    ----------
    encoder : {"contrastive", "identity"} or callable, default="contrastive"
        How X becomes an embedding. "contrastive" trains a small network on two fifths of the
        examples, "identity" takes X as an embedding, a function gets X as it is and returns one
        row of numbers for each example.
    neighbours : int, default=5
        The k of the classifier.
    utility : str, default="balanced"
        How classes are weighed: "balanced" equally, "accuracy" by their share of V,
        "class:<label>" one class alone.
    validation_share : float, default=0.0
        The share of the examples that becomes V if there is no X_val. These are not valued.
    encoder_options : mapping, optional
        Options of the "contrastive" encoder, such as ``{"epochs": 10}``.
    random_state : int, RandomState instance or None, default=0
        Decides every random draw. The same integer gives the same values.

    Attributes
    ----------
    values_ : ndarray of shape (n,)
        What each example is worth, NaN for one that became part of V.
    stderr_ : ndarray of shape (n,)
        Zeros, because the values are exact.
    total_ : float or None
        None: the sum of the values is the worth.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.

    References
    ----------
    Jia et al., "Efficient Task-Specific Data Valuation for Nearest Neighbor Algorithms", VLDB 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from hcdv_stream.methods import KNNShapley
    >>> X, X_val, y, y_val = train_test_split(
    ...     *load_iris(return_X_y=True), test_size=0.4, random_state=0
    ... )
    >>> method = KNNShapley("identity").fit(X, y, X_val, y_val)
    >>> bool(method.values_.sum() > 0.8)  # the accuracy of 5 nearest neighbours
    True
    >>> method.to_frame().columns.tolist()
    ['label', 'value', 'stderr', 'provider']

    """

    method = "knn-shapley"

    def __init__(
        self,
        encoder: Encoder = "contrastive",
        *,
        neighbours: int = 5,
        utility: str = "balanced",
        validation_share: float = 0.0,
        encoder_options: Mapping[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.encoder = encoder
        self.neighbours = neighbours
        self.utility = utility
        self.validation_share = validation_share
        self.encoder_options = encoder_options
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        batch, validation, classes = context.batch, context.validation, context.classes
        counts = validation.counts(len(classes))
        weights = Weights(self.utility).per_class(classes, counts)
        values = knn_shapley(batch.embeddings, batch.labels, validation, self.neighbours, weights)
        return Estimate.exact("knn-shapley", values, 0, {"neighbours": self.neighbours})
