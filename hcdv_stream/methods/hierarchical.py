"""Methods that play any learner in a hierarchy cut from the examples."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hcdv_stream.estimator.constraints import Whole
from hcdv_stream.estimator.embedders import Encoder
from hcdv_stream.methods.context import MethodContext
from hcdv_stream.methods.learner_method import LearnerMethod
from hcdv_stream.valuation.games.characteristic import Averaged
from hcdv_stream.valuation.methods.algorithm1 import Algorithm1Sampler, Interpretation
from hcdv_stream.valuation.methods.level_structure import OrderRule, OwenSampler
from hcdv_stream.valuation.methods.levels import Counted
from hcdv_stream.valuation.methods.sampling.run import Estimate
from hcdv_stream.valuation.methods.sampling.stopping import Criterion, Rounds
from hcdv_stream.valuation.weights import DEFAULT_LAMBDA

DEFAULT_INTERPRETATION = Interpretation(leaf="sampled")
"""Leaves of up to ten examples are enumerated all the same; larger ones would take too long."""


class Algorithm1(LearnerMethod):
    """Algorithm 1 of the paper as printed, for any learner.

    It cuts the examples into a hierarchy, plays a game among the coalitions of each level, and
    divides what each is worth among its members. See ``docs/algorithm1.md``.

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
    levels : sequence of int, default=(16, 64)
        K_1, ..., K_L: how many coalitions each level of the hierarchy has.
    permutations : int, default=64
        T, the orders that each game is sampled with.
    leaf_size : int, default=64
        M: a larger leaf is split equally.
    interpretation : Interpretation, optional
        What the text leaves open. The default samples leaves of more than ten examples.
    lam : float, default=0.05
        The weight of the contrast, which is added to what the learner is worth.
    averaged : {"mean", "sum"}, default="mean"
        Whether the contrast is the mean over pairs of examples or their sum.
    counted : {"per-parent", "total"}, default="per-parent"
        Whether K counts the children of each coalition or all coalitions of the level.
    until : Criterion, optional
        When it ends. The default is one round, which is the algorithm as printed.
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
        v(D) - v(empty), which the values sum to.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.
    levels_ : Levels
        The hierarchy that was cut.

    References
    ----------
    Xiao, Dou, Lin, Ke and Hou, "From Points to Coalitions: Hierarchical Contrastive Shapley Values
    for Prioritizing Data Samples", AAAI 2026.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from hcdv_stream.methods import Algorithm1, Interpretation
    >>> X, X_val, y, y_val = train_test_split(
    ...     *load_iris(return_X_y=True), test_size=0.4, random_state=0
    ... )
    >>> method = Algorithm1(
    ...     "identity", levels=(4, 4), interpretation=Interpretation(leaf="sampled", omega="blend")
    ... ).fit(X, y, X_val, y_val)
    >>> bool(abs(method.values_.sum() - method.total_) < 1e-9)
    True
    >>> method.levels_.described
    '1/4/16'

    """

    method = "algorithm1"
    parameter_constraints: ClassVar = {"permutations": (Whole(1),)}

    def __init__(
        self,
        encoder: Encoder = "contrastive",
        *,
        learner: Any = "ridge",
        metric: str = "balanced",
        levels: Sequence[int] = (16, 64),
        permutations: int = 64,
        leaf_size: int = 64,
        interpretation: Interpretation | None = None,
        lam: float = DEFAULT_LAMBDA,
        averaged: Averaged = "mean",
        counted: Counted = "per-parent",
        until: Criterion | None = None,
        neighbours: int = 5,
        validation_share: float = 0.0,
        encoder_options: Mapping[str, Any] | None = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.encoder = encoder
        self.learner = learner
        self.metric = metric
        self.levels = levels
        self.permutations = permutations
        self.leaf_size = leaf_size
        self.interpretation = interpretation
        self.lam = lam
        self.averaged = averaged
        self.counted = counted
        self.until = until
        self.neighbours = neighbours
        self.validation_share = validation_share
        self.encoder_options = encoder_options
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        sampler = Algorithm1Sampler(
            context.cut(self.levels, self.counted),
            self.permutations,
            self.leaf_size,
            self.interpretation or DEFAULT_INTERPRETATION,
        )
        utility = self._contrasted(context, self.lam, self.averaged)
        return self._sampled(context, sampler, utility, Rounds(1))


class OwenValue(LearnerMethod):
    """The level-structure value: Shapley values over orders that keep coalitions together.

    It has the hierarchy and the game of `Algorithm1`, but an example joins everything that came
    before it in the order. One order trains n models.

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
    levels : sequence of int, default=(16, 64)
        K_1, ..., K_L: how many coalitions each level of the hierarchy has.
    orders : {"stratified", "antithetic", "independent"}, default="stratified"
        How the orders of a round depend on each other. All are unbiased.
    minimum : float, default=0.0
        The share of an order that arrives at once and shares equally what it brings.
    batch : int, default=8
        Orders that make a round.
    lam : float, default=0.05
        The weight of the contrast, which is added to what the learner is worth.
    averaged : {"mean", "sum"}, default="mean"
        Whether the contrast is the mean over pairs of examples or their sum.
    counted : {"per-parent", "total"}, default="per-parent"
        Whether K counts the children of each coalition or all coalitions of the level.
    until : Criterion, optional
        When sampling ends; see `hcdv_stream.methods.Evaluations` and its kind. The default is
        10,000 coalitions, and two rounds at least.
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
        v(D) - v(empty), which the values sum to.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.
    levels_ : Levels
        The hierarchy that was cut.

    References
    ----------
    Owen, "Values of Games with a Priori Unions", 1977; Winter, "A Value for Cooperative Games with
    Levels Structure of Cooperation", 1989.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from hcdv_stream.methods import OwenValue, Evaluations
    >>> X, X_val, y, y_val = train_test_split(
    ...     *load_iris(return_X_y=True), test_size=0.4, random_state=0
    ... )
    >>> method = OwenValue("identity", levels=(4, 4), until=Evaluations(500))
    >>> method = method.fit(X, y, X_val, y_val)
    >>> bool(abs(method.values_.sum() - method.total_) < 1e-9)
    True
    >>> method.to_frame().columns.tolist()
    ['label', 'value', 'stderr', 'leaf', 'path', 'provider']

    """

    method = "owen"

    def __init__(
        self,
        encoder: Encoder = "contrastive",
        *,
        learner: Any = "ridge",
        metric: str = "balanced",
        levels: Sequence[int] = (16, 64),
        orders: OrderRule = "stratified",
        minimum: float = 0.0,
        batch: int = 8,
        lam: float = DEFAULT_LAMBDA,
        averaged: Averaged = "mean",
        counted: Counted = "per-parent",
        until: Criterion | None = None,
        neighbours: int = 5,
        validation_share: float = 0.0,
        encoder_options: Mapping[str, Any] | None = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.encoder = encoder
        self.learner = learner
        self.metric = metric
        self.levels = levels
        self.orders = orders
        self.minimum = minimum
        self.batch = batch
        self.lam = lam
        self.averaged = averaged
        self.counted = counted
        self.until = until
        self.neighbours = neighbours
        self.validation_share = validation_share
        self.encoder_options = encoder_options
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        levels = context.cut(self.levels, self.counted)
        sampler = OwenSampler(levels, self.orders, self.minimum, self.batch)
        return self._sampled(context, sampler, self._contrasted(context, self.lam, self.averaged))
