"""HCDV as a scikit-learn estimator: values of examples, in batch and as a stream.

``fit`` cuts the tree from the corpus itself and plays every leaf once, O(n d log n);
``partial_fit`` and ``forget`` then touch only the paths they concern, as the worker does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Tags

from hcdv_stream.estimator import targets
from hcdv_stream.estimator.constraints import (
    AUTO,
    NOTHING,
    ParameterError,
    RealNumber,
    Whole,
    check_parameters,
    shown,
)
from hcdv_stream.estimator.distance import spawn_distance
from hcdv_stream.estimator.doubts.doubting import Doubting
from hcdv_stream.estimator.embedders import Encoder
from hcdv_stream.estimator.fitted import check_fitted
from hcdv_stream.estimator.holding import Holding
from hcdv_stream.estimator.members.ensemble import Ensemble, Member
from hcdv_stream.estimator.members.seeds import member_seeds
from hcdv_stream.estimator.parameters import NO_JUDGES, engine_config, seed_of, usual_weights
from hcdv_stream.estimator.preparation import PreparedExamples, batch_of, prepare
from hcdv_stream.estimator.provenance import plain_parameters
from hcdv_stream.estimator.results import Results
from hcdv_stream.estimator.tables import Table, checked_table
from hcdv_stream.runtime.blas import one_blas_thread
from hcdv_stream.valuation.config import EngineConfig, GameName, Peers
from hcdv_stream.valuation.doubt.labelled_matrix import LabelledMatrix
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.weights import DEFAULT_LAMBDA


class HCDV(Results, BaseEstimator):
    """HCDV: Shapley values of examples that trusted and peer evaluators judge in leaves of a tree.

    ``fit`` cuts the tree from the examples and plays every leaf once, in O(n d log n).
    ``partial_fit`` and ``forget`` then touch only the paths they concern.

    Parameters
    ----------
    encoder : {"contrastive", "identity"} or callable, default="contrastive"
        How X becomes an embedding. "contrastive" trains a small network on two fifths of the
        examples (at least 1,024, at most 40,000), "identity" takes X as an embedding, a function
        gets X as it is and returns one row of numbers for each example.
    game : {"routed", "algorithm1"}, default="routed"
        What leaves play. "algorithm1" is the paper's; it needs V, and its weights are fixed when it
        is played.
    peers : {"other-providers", "all", "off"}, default="other-providers"
        Which examples of its leaf judge an example.
    utility : str, default="balanced"
        How classes are weighed: "balanced" equally, "accuracy" by their evaluators, "class:<label>"
        one class alone. `value` can change it.
    beta : float or None, default=None
        The peers' share of the judgement, from 0 to 1. None is 0.5, and 1 without V. `value` can
        change it.
    lam : float, default=0.05
        The weight of the contrast, at least 0. `value` can change it.
    neighbours : int, default=5
        The k of the nearest-neighbour utility.
    leaf_size : int or "auto", default="auto"
        The most examples of a leaf. "auto" is 32 per class, from 64 to 2,048. In ``fit`` of the
        game "routed" it is at least 1,024.
    branching : sequence of int, default=(16, 64)
        The most children of an inner node: the last number for the parents of leaves, the first for
        every node above them.
    tau : float or "auto", default="auto"
        The cosine distance beyond which a new example founds a leaf, up to 2.
    rebalance_every : int, default=3
        The updates after which the tree is rebalanced.
    merge_below : int, default=8
        The size below which a rebalance merges a leaf into another.
    update_size : int, default=150
        The examples of ``partial_fit`` that make an update.
    permutations : int, default=64
        The orders that "algorithm1" samples each game with.
    validation_share : float, default=0.0
        The share of the examples that becomes V if there is no X_val. These are not valued.
    encoder_options : mapping, optional
        Options of the "contrastive" encoder, such as ``{"epochs": 10}``.
    members : int, default=1
        How many encoders "contrastive" are trained, each with a tree of its own. Values are the
        mean of the members' values. Their seeds follow from ``random_state``, which is the first
        member's own.
    n_jobs : int, default=1
        The number of processes that train the members' encoders, -1 for all cores. It changes no
        value.
    random_state : int, RandomState instance or None, default=0
        Decides every random draw. The same integer gives the same values.

    Attributes
    ----------
    values_ : ndarray of shape (n,)
        What each example is worth, in the order of arrival, NaN for one that became part of V.
    stderr_ : ndarray of shape (n,)
        Their standard errors: how much another V and other examples, drawn from the same sources,
        would change them in the same tree. With several members, how much other encoders would
        change them is counted too. 95% intervals are ``values_ ± 1.96 * stderr_``.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    labels_ : ndarray of shape (n,)
        The place of each example's label in ``classes_``, -1 in V.
    ids_ : ndarray of shape (n,)
        The ids as they were given.
    leaves_ : ndarray of shape (n,)
        The number of each example's leaf, -1 in V. Only with a single member.
    coalitions_ : list of Coalition
        Every leaf and inner node of the tree, the root first. Only with a single member.
    provider_values_ : dict
        The sum of the values of each provider's examples.
    provider_payouts_ : dict
        The part of a pot that each provider is paid, from 0 to 1; see ``payouts``.
    doubt_ : ndarray of shape (n,)
        The probability that each label is wrong, NaN in V; see `find_label_issues`.
    doubt_evidence_ : {"validation", "examples"}
        What calibrated the doubts: V, or the examples alone.
    total_ : float
        v(D) - v(empty), which the values sum to.
    residual_ : float
        How far the values are from that sum: 0 to rounding.
    tau_ : float
        The distance in use; that of the first member, ``provenance_`` has each one's.
    provenance_ : dict
        Parameters, seed, versions and sizes: enough to get the values again.

    References
    ----------
    Xiao, Dou, Lin, Ke and Hou, "From Points to Coalitions: Hierarchical Contrastive Shapley Values
    for Prioritizing Data Samples", AAAI 2026.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from hcdv_stream.methods import HCDV
    >>> X, X_val, y, y_val = train_test_split(
    ...     *load_iris(return_X_y=True), test_size=0.4, random_state=0
    ... )
    >>> hcdv = HCDV("identity").fit(X, y, X_val, y_val)
    >>> hcdv.values_.shape
    (90,)
    >>> bool(abs(hcdv.values_.sum() - hcdv.total_) < 1e-9)
    True
    >>> len(hcdv.select(0.3))
    27
    >>> bool(0.0 <= hcdv.doubt_.min() <= hcdv.doubt_.max() <= 1.0)
    True

    """

    parameter_constraints: ClassVar = {
        "beta": (RealNumber(0.0, 1.0), NOTHING),
        "leaf_size": (Whole(4), AUTO),
        "tau": (RealNumber(0.0, 2.0, open_below=True), AUTO),
    }

    def __init__(
        self,
        encoder: Encoder = "contrastive",
        *,
        game: GameName = "routed",
        peers: Peers = "other-providers",
        utility: str = "balanced",
        beta: float | None = None,
        lam: float = DEFAULT_LAMBDA,
        neighbours: int = 5,
        leaf_size: int | Literal["auto"] = "auto",
        branching: Sequence[int] = (16, 64),
        tau: float | Literal["auto"] = "auto",
        rebalance_every: int = 3,
        merge_below: int = 8,
        update_size: int = 150,
        permutations: int = 64,
        validation_share: float = 0.0,
        encoder_options: Mapping[str, Any] | None = None,
        members: int = 1,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.encoder = encoder
        self.game = game
        self.peers = peers
        self.utility = utility
        self.beta = beta
        self.lam = lam
        self.neighbours = neighbours
        self.leaf_size = leaf_size
        self.branching = branching
        self.tau = tau
        self.rebalance_every = rebalance_every
        self.merge_below = merge_below
        self.update_size = update_size
        self.permutations = permutations
        self.validation_share = validation_share
        self.encoder_options = encoder_options
        self.members = members
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self,
        X: Table,
        y: Any,
        X_val: Table | None = None,
        y_val: Any = None,
        *,
        provider: Iterable[Any] | None = None,
        ids: Iterable[Any] | None = None,
    ) -> Self:
        """Value examples, evaluated by V and by each other.

        Parameters
        ----------
        X : array-like of shape (n, n_features), DataFrame, list of dicts, or what the encoder takes
            The examples to value.
        y : array-like of shape (n,)
            Their labels, at least two classes.
        X_val : same as X, of shape (n_val, n_features), optional
            The trusted examples V. They may have gaps in columns in which X has none.
        y_val : array-like of shape (n_val,), optional
            The labels of V.
        provider : iterable of length n, optional
            Who supplied each example; None stands for nobody in particular.
        ids : iterable of length n, optional
            The examples' ids, told apart by their spelling. The default is 0, 1, ...

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If data or parameters cannot be used. The last fit then stays as it was.

        """
        return self._begin(X, y, y, (X_val, y_val), provider=provider, ids=ids, whole=True)

    def partial_fit(
        self,
        X: Table,
        y: Any,
        classes: Any = None,
        *,
        X_val: Table | None = None,
        y_val: Any = None,
        provider: Iterable[Any] | None = None,
        ids: Iterable[Any] | None = None,
    ) -> Self:
        """Add examples, or replace those whose id is there already.

        The first call is a ``fit`` that expects more to come (see ``leaf_size``). It fixes encoder,
        V and classes.

        Parameters
        ----------
        X, y, provider, ids
            As in ``fit``.
        classes : array-like, optional
            All labels, if the first call's ``y`` does not have them all.
        X_val, y_val : optional
            As in ``fit``, in the first call alone.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the examples cannot be used, or a parameter other than the weights was changed since
            the first call. Nothing has changed then.

        """
        if not self.__sklearn_is_fitted__():
            named = y if classes is None else classes
            return self._begin(X, y, named, (X_val, y_val), provider=provider, ids=ids)
        self._check_unchanged()
        if X_val is not None or y_val is not None:
            raise ValueError("the validation set is fixed by the first call; leave X_val out")
        if classes is not None:
            now = targets.classes_of(classes, "classes")
            if not np.array_equal(now, self.classes_):
                raise ValueError(
                    f"classes were {self.classes_.tolist()} in the first call, they are "
                    f"{now.tolist()} now: leave them out, or call fit"
                )
        table = checked_table(self, X, y, encoder=self.encoder)
        codes = targets.codes_of(y, self.classes_, "y")
        owners = targets.providers_of(provider, len(codes))
        roster = self._ensemble.first.roster
        embedded = self._ensemble.embed(table, roster.seen)
        names = roster.enter(ids, len(codes))
        with one_blas_thread():
            batch = batch_of(names, codes, owners, embedded[0].embeddings, table)
            self._ensemble.apply(batch, embedded)
        self._doubting.add(names, embedded[0].features, codes, owners)
        return self

    def forget(self, ids: Iterable[Any]) -> Self:
        """Delete examples: they no longer evaluate the others.

        Parameters
        ----------
        ids : iterable
            The ids of the examples to delete.

        Returns
        -------
        self

        Raises
        ------
        KeyError
            If there is no such id.
        ValueError
            If the id is that of an example in V, or a parameter other than the weights was changed
            since the first call.
        TypeError
            If ``ids`` is a single id instead of several.

        """
        check_fitted(self)
        self._check_unchanged()
        with one_blas_thread():
            self._ensemble.forget(ids)
        return self

    def _check_unchanged(self) -> None:
        """Raise ParameterError if a parameter that the first call fixed has another value now.

        Weights take effect when values are read, so they may change.
        """
        check_parameters(self)
        now, fixed = plain_parameters(self.get_params(deep=False)), self._parameters
        for name in sorted(fixed.keys() - self._read_late - {"n_jobs"}):
            if now[name] != fixed[name]:
                raise ParameterError(
                    f"{name} was {shown(fixed[name])} in the first call and is {shown(now[name])} "
                    "now: set it back, or call fit"
                )

    def _begin(
        self,
        X: Table,
        y: Any,
        classes: Any,
        validation: tuple[Table | None, Any],
        *,
        provider: Iterable[Any] | None,
        ids: Iterable[Any] | None,
        whole: bool = False,
    ) -> Self:
        check_parameters(self)
        if self.members > 1 and self.encoder != "contrastive":
            raise ParameterError(
                f"members={self.members} needs encoder='contrastive': an encoder that is not "
                "trained gives all members the same values, so leave members out"
            )
        seed = seed_of(self.random_state)
        table = checked_table(self, X, y, encoder=self.encoder, reset=True)
        labels = targets.classes_of(classes, "y" if classes is y else "classes")
        codes = targets.codes_of(y, labels, "y")
        config = engine_config(self, len(labels), seed, len(codes) if whole else None)
        seeds = member_seeds(seed, int(self.members))
        prepared = prepare(
            self,
            table,
            codes,
            labels,
            validation,
            provider=provider,
            ids=ids,
            seeds=seeds,
            jobs=int(self.n_jobs),
            lacking=NO_JUDGES if config.game == "algorithm1" else None,
        )
        with one_blas_thread():
            members = [
                _played(each, labels, replace(config, seed=own))
                for each, own in zip(prepared, seeds, strict=True)
            ]
        first = prepared[0]
        usual = usual_weights(self, config.game, len(first.validation))
        members[0].holding.corpus.state_values(usual)
        self.classes_, self.tau_ = labels, members[0].tau
        self._ensemble, self._seed = Ensemble(members, first.roster), seed
        self._parameters = plain_parameters(self.get_params(deep=False))
        self._doubting = Doubting(
            first.batch.ids,
            LabelledMatrix(first.features, first.batch.labels),
            LabelledMatrix(first.trusted_features, first.validation.labels),
            first.batch.providers,
            classes=len(labels),
            seed=seed,
        )
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return "_ensemble" in vars(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = self.encoder == "contrastive"
        return tags


def _played(prepared: PreparedExamples, classes: targets.Array, config: EngineConfig) -> Member:
    """Cut the tree of a member, choose its τ and play its leaves."""
    batch = prepared.batch
    state = plant(batch, len(classes), config)
    tau = config.tau or spawn_distance(state, batch.embeddings, config.seed)
    names = targets.class_names(classes)
    holding = Holding(replace(config, tau=tau), names, prepared.validation, prepared.roster, state)
    return Member(config.seed, prepared.embedder, holding, tau)
