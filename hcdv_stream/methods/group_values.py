"""Values of groups of examples, shared equally within each group."""

import time
from collections.abc import Mapping
from typing import Any

from hcdv_stream.estimator.embedders import Encoder
from hcdv_stream.methods.context import MethodContext
from hcdv_stream.methods.learner_method import SAMPLED, LearnerMethod
from hcdv_stream.valuation.methods.baselines.group_shapley import group_shapley, shared
from hcdv_stream.valuation.methods.sampling.run import Estimate
from hcdv_stream.valuation.methods.sampling.stopping import Criterion
from hcdv_stream.valuation.methods.sampling.uniform_sizes import UniformSizeSampler


class GroupShapley(LearnerMethod):
    """Group Shapley: the Shapley values of groups, shared equally among their examples.

    Up to ten groups are enumerated, which takes 2^G models; more are sampled.

    Parameters
    ----------
    encoder : {"contrastive", "identity"} or callable, default="contrastive"
        How X becomes an embedding. "contrastive" trains a small network on two fifths of the
        examples, "identity" takes X as an embedding, a function gets X as it is and returns one
        row of numbers for each example.
    groups : {"label", "cluster", "provider"}, default="label"
        Whose examples are valued together. A "cluster" is a leaf that `HCDV` would cut in a
        stream. "provider" needs ``provider`` in ``fit``.
    learner : str or scikit-learn classifier, default="ridge"
        What is trained on each coalition: "ridge", "routed-knn", "logistic", "forest",
        "wide-deep", or any classifier, which is cloned.
    metric : {"balanced", "accuracy", "auc", "log-loss"}, default="balanced"
        What a trained model is worth on V.
    until : Criterion, optional
        When sampling ends if there are more than ten groups. The default is 10,000 coalitions,
        and two rounds at least.
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
        Their standard errors, zeros if the groups were enumerated.
    total_ : float or None
        v(D) - v(empty), which the values sum to.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.

    References
    ----------
    Xiao et al., "From Points to Coalitions: Hierarchical Contrastive Shapley Values for
    Prioritizing Data Samples", AAAI 2026, where it is the baseline GS.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from hcdv_stream.methods import GroupShapley
    >>> X, X_val, y, y_val = train_test_split(
    ...     *load_iris(return_X_y=True), test_size=0.4, random_state=0
    ... )
    >>> method = GroupShapley("identity").fit(X, y, X_val, y_val)
    >>> len(set(method.values_.tolist()))  # one value for each label
    3
    >>> bool(method.stderr_.any())  # three groups are enumerated
    False

    """

    method = "group"

    def __init__(
        self,
        encoder: Encoder = "contrastive",
        *,
        groups: str = "label",
        learner: Any = "ridge",
        metric: str = "balanced",
        until: Criterion | None = None,
        neighbours: int = 5,
        validation_share: float = 0.0,
        encoder_options: Mapping[str, Any] | None = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.encoder = encoder
        self.groups = groups
        self.learner = learner
        self.metric = metric
        self.until = until
        self.neighbours = neighbours
        self.validation_share = validation_share
        self.encoder_options = encoder_options
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        groups = context.groups(self.groups)
        until = SAMPLED if self.until is None else self.until
        utility = self._utility(context)
        found = group_shapley(utility, groups, until, seed=context.seed, clock=time.monotonic)
        return shared(found, groups)


class DUShapley(LearnerMethod):
    """DU-Shapley: what a group adds to random piles of the others' examples.

    The piles are of every size in turn, so I owners take 2 I^2 models a round.

    Parameters
    ----------
    encoder : {"contrastive", "identity"} or callable, default="contrastive"
        How X becomes an embedding. "contrastive" trains a small network on two fifths of the
        examples, "identity" takes X as an embedding, a function gets X as it is and returns one
        row of numbers for each example.
    groups : {"label", "cluster", "provider"}, default="label"
        Whose examples are valued together. A "cluster" is a leaf that `HCDV` would cut in a
        stream. "provider" needs ``provider`` in ``fit``.
    learner : str or scikit-learn classifier, default="ridge"
        What is trained on each coalition: "ridge", "routed-knn", "logistic", "forest",
        "wide-deep", or any classifier, which is cloned.
    metric : {"balanced", "accuracy", "auc", "log-loss"}, default="balanced"
        What a trained model is worth on V.
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
        v(D) - v(empty). The values come close to summing to it if owners are alike.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.

    References
    ----------
    Garrido-Lucero, Heymann, Vono, Loiseau and Perchet, "DU-Shapley: A Shapley Value Proxy for
    Efficient Dataset Valuation", NeurIPS 2024.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from hcdv_stream.methods import DUShapley, Rounds
    >>> X, X_val, y, y_val = train_test_split(
    ...     *load_iris(return_X_y=True), test_size=0.4, random_state=0
    ... )
    >>> provider = [f"p{row % 5}" for row in range(len(X))]
    >>> method = DUShapley("identity", groups="provider", until=Rounds(4))
    >>> method = method.fit(X, y, X_val, y_val, provider=provider)
    >>> method.to_frame().groupby("provider")["value"].nunique().tolist()
    [1, 1, 1, 1, 1]

    """

    method = "du-shapley"

    def __init__(
        self,
        encoder: Encoder = "contrastive",
        *,
        groups: str = "label",
        learner: Any = "ridge",
        metric: str = "balanced",
        until: Criterion | None = None,
        neighbours: int = 5,
        validation_share: float = 0.0,
        encoder_options: Mapping[str, Any] | None = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.encoder = encoder
        self.groups = groups
        self.learner = learner
        self.metric = metric
        self.until = until
        self.neighbours = neighbours
        self.validation_share = validation_share
        self.encoder_options = encoder_options
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        groups = context.groups(self.groups)
        return shared(self._sampled(context, UniformSizeSampler(groups)), groups)
