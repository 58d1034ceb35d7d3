"""HCDV as a scikit-learn estimator: values of training samples, in batch and as a stream.

``fit`` cuts the tree from the corpus itself and plays every leaf once, O(n d log n);
``partial_fit`` and ``forget`` then touch only the paths they concern, as the worker does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from hcdv_stream.estimator import targets
from hcdv_stream.estimator.distance import spawn_distance
from hcdv_stream.estimator.embedders import Function
from hcdv_stream.estimator.holding import Holding
from hcdv_stream.estimator.parameters import (
    engine_config,
    fit_embedder,
    judges_among,
    seed_of,
    usual_weights,
)
from hcdv_stream.estimator.results import Results
from hcdv_stream.estimator.roster import Roster
from hcdv_stream.estimator.tabular import is_frame, take
from hcdv_stream.runtime.blas import one_blas_thread
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import GameName, Peers
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.validation import Validation
from hcdv_stream.valuation.weights import DEFAULT_LAMBDA

Table = Any
"""An array (n, width), a DataFrame, or for a function as encoder whatever it takes."""


class HCDV(Results, BaseEstimator):
    """The Shapley value of every training sample in a hierarchy of coalitions.

    Parameters. ``encoder``: ``contrastive`` trains one on two fifths of the samples (at least
    1,024, at most 40,000), ``identity`` takes X as an embedding, a function is given X as it is and
    returns an embedding (n, d). ``game`` is ``routed`` or ``algorithm1``, the paper's. ``utility``
    (``balanced``, ``accuracy``, ``class:<label>``), ``beta`` (the peers' share in [0, 1]; None: ½,
    and 1 where there is no validation sample) and ``lam`` (the contrast's weight, at least 0) are
    the weights of ``values_``, which ``value`` can change. ``validation_share`` of the samples
    judge the others where no X_val is given; they are not valued. ``leaf_size`` is a number or
    ``auto``: 32 per class within [64, 2048]; where ``fit`` plays ``routed`` at least 128, and at
    least 512 where it gets no more samples than that, so that all are in one leaf; ``tau`` is a
    cosine distance or ``auto``. ``encoder_options`` are those of ``EncoderOptions``. The others are
    described at ``EngineConfig``. Parameters out of range raise ValueError when fitted.

    Attributes, one entry per sample in the order of arrival, NaN or -1 for a sample that became
    a validation sample: ``values_``, ``errors_`` (standard errors), ``leaves_``,
    ``labels_`` (places in ``classes_``), ``ids_``. Others:
    ``classes_``, ``n_features_in_``, ``feature_names_in_``, ``coalitions_``, ``provider_values_``,
    ``total_`` (v(D) − v(∅), which the values sum to), ``residual_`` (how far they are from it),
    ``tau_``, ``provenance_``.
    """

    def __init__(
        self,
        encoder: Literal["contrastive", "identity"] | Function = "contrastive",
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
        """Value n samples with labels ``y`` (n,), judged by X_val and by each other.

        ``provider`` (n,) names whose each sample is, None for nobody's in particular; ``ids`` (n,)
        are told apart by their spelling and default to 0, 1, ... Raises ValueError.
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
        """Add samples, or replace those whose id is there already.

        The first call is a ``fit``, but that more is to come (see ``leaf_size``): it fixes encoder,
        validation set and classes, for which ``classes`` may name more than come in its ``y``.
        Raises ValueError, and then nothing has changed.
        """
        if not hasattr(self, "_holding"):
            named = y if classes is None else classes
            return self._begin(X, y, named, (X_val, y_val), provider=provider, ids=ids)
        if X_val is not None or y_val is not None:
            raise ValueError("the validation set is fixed by the first call; leave X_val out")
        if classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes were {self.classes_} in the first call, now {classes}")
        table = self._checked(X, y)
        codes = targets.codes_of(y, self.classes_, "y")
        owners = targets.providers_of(provider, len(codes))
        embeddings = self._embedder.embed(table, self._holding.roster.seen)
        names = self._holding.roster.enter(ids, len(codes))
        with one_blas_thread():
            self._holding.apply(_batch(names, codes, owners, embeddings))
        return self

    def forget(self, ids: Iterable[Any]) -> Self:
        """Delete samples: the values of the others are then as if they had never been judges.

        Raises KeyError for an id that is not there and ValueError for that of a validation sample.
        """
        check_is_fitted(self)
        with one_blas_thread():
            self._holding.forget(ids)
        return self

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
        seed = seed_of(self.random_state)
        table = self._checked(X, y, reset=True)
        labels = targets.classes_of(classes)
        codes = targets.codes_of(y, labels, "y")
        config = engine_config(self, len(labels), seed, len(codes) if whole else None)
        owners = targets.providers_of(provider, len(codes))
        roster = Roster()
        names = roster.enter(ids, len(codes))
        judging, valued = judges_among(self, codes, validation, seed)
        roster.appoint([names[row] for row in judging])
        embedder, embeddings = fit_embedder(self, table, codes, valued, len(labels), seed=seed)
        judges = Validation(embeddings[judging], codes[judging])
        if validation[0] is not None:
            try:
                trusted = self._checked(*validation)
            except ValueError as error:
                raise ValueError(f"X_val and y_val: {error}") from None
            judges = Validation(
                embedder.embed(trusted, 0), targets.codes_of(validation[1], labels, "y_val")
            )
        batch = _batch(names, codes, owners, embeddings)
        if len(judging):
            batch = _rows_of(batch, valued)
        with one_blas_thread():
            state = plant(batch, len(labels), config)
            tau = config.tau or spawn_distance(state, batch.embeddings, seed)
            config = replace(config, tau=tau)
            holding = Holding(config, targets.class_names(labels), judges, roster, state)
        holding.corpus.state_values(usual_weights(self, config.game, len(judges)))
        self.classes_, self.tau_ = labels, tau
        self._embedder, self._holding, self._seed = embedder, holding, seed
        return self

    def _checked(self, X: Table, y: Any, *, reset: bool = False) -> Table:
        """Judge a table as scikit-learn does, as far as the encoder needs numbers."""
        if callable(self.encoder) or (self.encoder == "contrastive" and is_frame(X)):
            if getattr(X, "ndim", 0) == 2:
                validate_data(self, X, y, reset=reset, skip_check_array=True)
            table = X
        else:
            finite = "allow-nan" if self.encoder == "contrastive" else True
            validate_data(self, X, y, reset=reset, skip_check_array=True)
            table = validate_data(
                self, X, reset=reset, dtype=[np.float64, np.float32], ensure_all_finite=finite
            )
        if y is None:
            raise ValueError("HCDV requires y to be passed, but the target y is None")
        check_consistent_length(table, y)
        return table

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_holding")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = self.encoder == "contrastive"
        return tags


def _batch(
    names: list[str],
    codes: targets.Codes,
    owners: list[str | None],
    embeddings: Embeddings,
) -> Batch:
    return Batch(names, codes, owners, np.zeros(len(names)), embeddings)


def _rows_of(batch: Batch, rows: npt.NDArray[np.int64]) -> Batch:
    return Batch(
        take(batch.ids, rows),
        batch.labels[rows],
        take(batch.providers, rows),
        batch.timestamps[rows],
        batch.embeddings[rows],
    )
