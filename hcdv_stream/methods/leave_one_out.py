"""Leave-one-out, exactly."""

from collections.abc import Mapping
from typing import Any

from hcdv_stream.estimator.embedders import Encoder
from hcdv_stream.methods.context import MethodContext
from hcdv_stream.methods.learner_method import LearnerMethod
from hcdv_stream.valuation.methods.baselines.leave_one_out import leave_one_out
from hcdv_stream.valuation.methods.sampling.run import Estimate


class LeaveOneOut(LearnerMethod):
    """Leave-one-out: what all the others lose without an example.

    It trains n + 1 models. Most values are 0 or close to it, because the others stand in for one
    example.

    Parameters
    ----------
    encoder : {"contrastive", "identity"} or callable, default="contrastive"
        How X becomes an embedding. "contrastive" trains a small network on two fifths of the
        examples, "identity" takes X as an embedding, a function gets X as it is and returns one
        row of numbers for each example.
    learner : str or scikit-learn classifier, default="ridge"
        What is trained on each coalition: "ridge", "routed-knn", "logistic", "forest",
        "wide-deep", or any classifier, which is cloned.
    metric : {"balanced", "accuracy", "auc", "log-loss"}, default="balanced"
        What a trained model is worth on V.
    neighbours : int, default=5
        The k of the learner "routed-knn".
    validation_share : float, default=0.0
        The share of the examples that becomes V if there is no X_val. These are not valued.
    encoder_options : mapping, optional
        Options of the "contrastive" encoder, such as ``{"epochs": 10}``.
    n_jobs : int, default=1
        Processes that share the training. Values do not depend on it.
    random_state : int, RandomState instance or None, default=0
        Decides every random draw. The same integer gives the same values.

    Attributes
    ----------
    values_ : ndarray of shape (n,)
        What each example is worth, NaN for one that became part of V.
    stderr_ : ndarray of shape (n,)
        Zeros, because the values are exact.
    total_ : float or None
        None: the values do not sum to anything.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.

    References
    ----------
    Cook, "Detection of Influential Observation in Linear Regression", Technometrics 1977.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from hcdv_stream.methods import LeaveOneOut
    >>> X, X_val, y, y_val = train_test_split(
    ...     *load_iris(return_X_y=True), test_size=0.4, random_state=0
    ... )
    >>> method = LeaveOneOut("identity", metric="log-loss").fit(X, y, X_val, y_val)
    >>> method.values_.shape, bool(method.stderr_.any())
    ((90,), False)

    """

    method = "loo"

    def __init__(
        self,
        encoder: Encoder = "contrastive",
        *,
        learner: Any = "ridge",
        metric: str = "balanced",
        neighbours: int = 5,
        validation_share: float = 0.0,
        encoder_options: Mapping[str, Any] | None = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.encoder = encoder
        self.learner = learner
        self.metric = metric
        self.neighbours = neighbours
        self.validation_share = validation_share
        self.encoder_options = encoder_options
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        return leave_one_out(self._utility(context))
