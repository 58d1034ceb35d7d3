"""Sampled values of single examples: Data Shapley, Beta-Shapley and Data Banzhaf."""

from collections.abc import Mapping
from typing import Any, ClassVar

from hcdv_stream.estimator.constraints import RealNumber
from hcdv_stream.estimator.embedders import Encoder
from hcdv_stream.methods.context import MethodContext
from hcdv_stream.methods.learner_method import LearnerMethod
from hcdv_stream.valuation.methods.baselines.data_shapley import (
    TRUNCATION,
    banzhaf,
    beta_shapley,
    tmc,
)
from hcdv_stream.valuation.methods.sampling.run import Estimate
from hcdv_stream.valuation.methods.sampling.stopping import Criterion


class DataShapley(LearnerMethod):
    """Data Shapley by truncated Monte-Carlo: what an example adds to those before it.

    An example's value is the mean of what it adds to the examples before it, over random orders.
    One order trains up to n models.

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
    until : Criterion, optional
        When sampling ends; see `hcdv_stream.methods.Evaluations` and its kind. The default is
        10,000 coalitions, and two rounds at least.
    truncation : float or None, default=0.01
        An order ends once its prefix is worth within this of everybody. None never ends one.
    batch : int, default=1
        Orders that make a round.
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
        Their standard errors.
    total_ : float or None
        v(D) - v(empty), which the values sum to up to truncation.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.

    References
    ----------
    Ghorbani and Zou, "Data Shapley: Equitable Valuation of Data for Machine Learning", ICML 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from hcdv_stream.methods import DataShapley, Evaluations
    >>> X, X_val, y, y_val = train_test_split(
    ...     *load_iris(return_X_y=True), test_size=0.4, random_state=0
    ... )
    >>> method = DataShapley("identity", until=Evaluations(500)).fit(X, y, X_val, y_val)
    >>> method.values_.shape
    (90,)
    >>> bool(abs(method.values_.sum() - method.total_) < 0.02)
    True

    """

    method = "tmc"

    def __init__(
        self,
        encoder: Encoder = "contrastive",
        *,
        learner: Any = "ridge",
        metric: str = "balanced",
        until: Criterion | None = None,
        truncation: float | None = TRUNCATION,
        batch: int = 1,
        neighbours: int = 5,
        validation_share: float = 0.0,
        encoder_options: Mapping[str, Any] | None = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.encoder = encoder
        self.learner = learner
        self.metric = metric
        self.until = until
        self.truncation = truncation
        self.batch = batch
        self.neighbours = neighbours
        self.validation_share = validation_share
        self.encoder_options = encoder_options
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        return self._sampled(context, tmc(self.truncation, self.batch))


class BetaShapley(LearnerMethod):
    """Beta(alpha, beta)-Shapley: Data Shapley that weighs coalitions by their size.

    With ``alpha`` above ``beta`` small coalitions count more, where examples differ most.

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
    until : Criterion, optional
        When sampling ends; see `hcdv_stream.methods.Evaluations` and its kind. The default is
        10,000 coalitions, and two rounds at least.
    alpha : float, default=16.0
        Above ``beta``, small coalitions count more.
    beta : float, default=1.0
        Above ``alpha``, large coalitions count more. (1, 1) is the Shapley value.
    truncation : float or None, default=None
        An order ends once its prefix is worth within this of everybody. None never ends one.
    batch : int, default=1
        Orders that make a round.
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
        Their standard errors.
    total_ : float or None
        v(D) - v(empty). The values do not sum to it.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.

    References
    ----------
    Kwon and Zou, "Beta Shapley: a Unified and Noise-reduced Data Valuation Framework for Machine
    Learning", AISTATS 2022.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from hcdv_stream.methods import BetaShapley, Evaluations
    >>> X, X_val, y, y_val = train_test_split(
    ...     *load_iris(return_X_y=True), test_size=0.4, random_state=0
    ... )
    >>> method = BetaShapley("identity", until=Evaluations(500)).fit(X, y, X_val, y_val)
    >>> method.provenance_["method"], method.provenance_["rounds"]
    ('beta-shapley', 6)

    """

    method = "beta-shapley"
    parameter_constraints: ClassVar = {"beta": (RealNumber(0.0, open_below=True),)}

    def __init__(
        self,
        encoder: Encoder = "contrastive",
        *,
        learner: Any = "ridge",
        metric: str = "balanced",
        until: Criterion | None = None,
        alpha: float = 16.0,
        beta: float = 1.0,
        truncation: float | None = None,
        batch: int = 1,
        neighbours: int = 5,
        validation_share: float = 0.0,
        encoder_options: Mapping[str, Any] | None = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.encoder = encoder
        self.learner = learner
        self.metric = metric
        self.until = until
        self.alpha = alpha
        self.beta = beta
        self.truncation = truncation
        self.batch = batch
        self.neighbours = neighbours
        self.validation_share = validation_share
        self.encoder_options = encoder_options
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        return self._sampled(
            context, beta_shapley(self.alpha, self.beta, self.truncation, self.batch)
        )


class DataBanzhaf(LearnerMethod):
    """Data Banzhaf: what an example adds to a coalition drawn at random.

    Every coalition that is drawn says something about every example. The ranking is the most robust
    to noise in what coalitions are worth.

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
    until : Criterion, optional
        When sampling ends; see `hcdv_stream.methods.Evaluations` and its kind. The default is
        10,000 coalitions, and two rounds at least.
    batch : int, default=100
        Coalitions that make a round.
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
        Their standard errors.
    total_ : float or None
        v(D) - v(empty). The values do not sum to it.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.

    References
    ----------
    Wang and Jia, "Data Banzhaf: A Robust Data Valuation Framework for Machine Learning", AISTATS
    2023.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from hcdv_stream.methods import DataBanzhaf, Evaluations
    >>> X, X_val, y, y_val = train_test_split(
    ...     *load_iris(return_X_y=True), test_size=0.4, random_state=0
    ... )
    >>> method = DataBanzhaf("identity", until=Evaluations(1_000)).fit(X, y, X_val, y_val)
    >>> bool((method.stderr_ > 0).all())
    True
    >>> len(method.select(0.3))
    27

    """

    method = "banzhaf"

    def __init__(
        self,
        encoder: Encoder = "contrastive",
        *,
        learner: Any = "ridge",
        metric: str = "balanced",
        until: Criterion | None = None,
        batch: int = 100,
        neighbours: int = 5,
        validation_share: float = 0.0,
        encoder_options: Mapping[str, Any] | None = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.encoder = encoder
        self.learner = learner
        self.metric = metric
        self.until = until
        self.batch = batch
        self.neighbours = neighbours
        self.validation_share = validation_share
        self.encoder_options = encoder_options
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        return self._sampled(context, banzhaf(self.batch))
