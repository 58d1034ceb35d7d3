"""The estimator behind every method but HCDV: ``fit`` prepares, ``estimate`` values."""

from collections.abc import Iterable
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import Tags

from hcdv_stream.estimator import targets
from hcdv_stream.estimator.constraints import check_arguments, check_parameters
from hcdv_stream.estimator.fitted import FittedAttributes, check_fitted
from hcdv_stream.estimator.holding import NOWHERE
from hcdv_stream.estimator.parameters import seed_of, usual_leaf_size
from hcdv_stream.estimator.preparation import PreparedExamples, prepare, prepare_features
from hcdv_stream.estimator.provenance import provenance
from hcdv_stream.estimator.tables import Table, checked_table
from hcdv_stream.methods.context import MethodContext
from hcdv_stream.runtime.blas import one_blas_thread
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.methods.frames import frame
from hcdv_stream.valuation.methods.levels import Levels
from hcdv_stream.valuation.methods.sampling.run import Estimate
from hcdv_stream.valuation.selection import Strategy, select
from hcdv_stream.valuation.tree.build import plant

Rows = npt.NDArray[np.intp]


class Method(FittedAttributes, BaseEstimator):
    """A method that values examples by a game or a model; see ``ValuationMethod``.

    A subclass stores its parameters and says how to value a ``MethodContext``.
    """

    method: ClassVar[str]
    """Its name on the command line, as in ``hcdv-stream value --method``."""

    random_state: Any

    def estimate(self, context: MethodContext) -> Estimate:
        """Value the examples of a context, in its order.

        Parameters
        ----------
        context : MethodContext
            The embedded examples and V. ``fit`` makes one from arrays, ``hcdv-stream value`` makes
            one from a file.

        Returns
        -------
        Estimate
            Values, standard errors and what they took.

        Raises
        ------
        ValueError
            If a parameter is out of range.

        """
        check_parameters(self)
        return self._estimate(context)

    def _estimate(self, context: MethodContext) -> Estimate:
        """Do so, with parameters that each are as the table of constraints has them."""
        raise NotImplementedError

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
        """Value the examples.

        Parameters
        ----------
        X : array-like of shape (n, n_features), DataFrame, list of dicts, or what the encoder takes
            The examples to value.
        y : array-like of shape (n,)
            Their labels, at least two classes.
        X_val : same as X, of shape (n_val, n_features), optional
            The trusted examples V that evaluate the others. Methods that need no V do not look at
            it.
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
        check_parameters(self)
        seed = seed_of(self.random_state)
        table = checked_table(self, X, y, encoder=self._encoding, reset=True)
        classes = targets.classes_of(y)
        codes = targets.codes_of(y, classes, "y")
        prepared = self._prepared(
            table, codes, classes, (X_val, y_val), provider=provider, ids=ids, seed=seed
        )
        context = MethodContext(
            prepared.batch,
            prepared.validation,
            targets.class_names(classes),
            seed,
            lambda: _centroids(prepared.batch, len(classes)),
            lambda: prepare_features(table).astype(np.float64),
        )
        with one_blas_thread():
            found = self.estimate(context)
        self._store(prepared, context, found, classes)
        return self

    def select(
        self, share: float, strategy: Strategy = "spread", *, random_state: Any = None
    ) -> Rows:
        """Choose examples to train on.

        Parameters
        ----------
        share : float
            The share of the valued examples to return, in (0, 1].
        strategy : {"spread", "top"}, default="spread"
            ``spread`` drops the examples of each class that have a negative value, at most 30% of
            the class, and draws evenly from the rest. ``top`` takes the highest values.
        random_state : int, RandomState instance or None, default=None
            Decides what ``spread`` draws. None is the seed of the fit.

        Returns
        -------
        ndarray of int
            Ascending indices into X.

        Raises
        ------
        ValueError
            If ``share`` or ``strategy`` is out of range.

        """
        check_fitted(self)
        check_arguments(share=share, strategy=strategy)
        seed = self._seed if random_state is None else seed_of(random_state)
        valued = np.flatnonzero(self.labels_ != NOWHERE)
        generator = np.random.default_rng(seed)
        chosen = select(self.values_[valued], self.labels_[valued], share, strategy, generator)
        return valued[chosen]

    def to_frame(self) -> Any:
        """Return what is known of each example as a table.

        Returns
        -------
        DataFrame
            The index is ``id``. Columns: label, value, stderr, leaf and path (the coalitions from
            the top level down) if the method has a hierarchy, provider. ``attrs`` hold
            ``provenance_``.

        Raises
        ------
        ImportError
            If pandas is not installed.

        """
        check_fitted(self)
        named = np.append(self.classes_.astype(object), [None])[self.labels_]
        columns = {"label": named.tolist(), "value": self.values_, "stderr": self.stderr_}
        if self.levels_ is not None:
            columns["leaf"] = self._aligned(self.levels_.coalitions(self.levels_.depth), NOWHERE)
            paths = ["/".join(map(str, path)) for path in self.levels_.assignment.T.tolist()]
            columns["path"] = self._aligned(np.array(paths, object), None)
        columns["provider"] = self._aligned(np.array(self._providers, object), None)
        return frame(columns, self.ids_, self.provenance_)

    @property
    def _encoding(self) -> Any:
        """The encoder, as far as it decides which tables are taken."""
        return getattr(self, "encoder", "contrastive")

    def _prepared(
        self,
        table: Table,
        codes: targets.Codes,
        classes: targets.Array,
        validation: tuple[Table | None, Any],
        *,
        provider: Iterable[Any] | None,
        ids: Iterable[Any] | None,
        seed: int,
    ) -> PreparedExamples:
        lacking = f"{type(self).__name__} needs a V: give X_val and y_val, or a validation_share"
        (prepared,) = prepare(
            self,
            table,
            codes,
            classes,
            validation,
            provider=provider,
            ids=ids,
            seeds=(seed,),
            lacking=lacking,
        )
        return prepared

    def _store(
        self,
        prepared: PreparedExamples,
        context: MethodContext,
        found: Estimate,
        classes: targets.Array,
    ) -> None:
        batch = prepared.batch
        self._rows, self._seed = prepared.rows, context.seed
        self._count, self._providers = len(prepared.roster), batch.providers
        self.classes_ = classes
        self.ids_ = prepared.roster.given
        self.labels_: npt.NDArray[np.int16] = self._aligned(batch.labels, NOWHERE)
        self.values_: Floats = self._aligned(found.values, np.nan)
        self.stderr_: Floats = self._aligned(found.stderr, np.nan)
        self.estimate_ = found
        self.levels_: Levels | None = context.levels
        self.total_ = None if found.ends is None else found.ends.everybody - found.ends.nobody
        self.provenance_ = provenance(
            self.get_params(deep=False),
            context.seed,
            examples=len(batch),
            validation_examples=len(prepared.validation),
            classes=context.classes,
            encoder=prepared.embedder.metrics,
            **{name: found.provenance[name] for name in _OF_THE_ESTIMATE},
        )

    def _aligned(self, column: npt.NDArray[Any], fill: Any) -> npt.NDArray[Any]:
        """Bring a column of the valued examples into the order of X."""
        aligned = np.full(self._count, fill, column.dtype)
        aligned[self._rows] = column
        return aligned

    def __sklearn_is_fitted__(self) -> bool:
        return "estimate_" in vars(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = self._encoding == "contrastive"
        return tags


_OF_THE_ESTIMATE = ("method", "rounds", "evaluations", "seconds", "ends")


def _centroids(batch: Batch, classes: int) -> Embeddings:
    """Return the centroids of the leaves that a stream of these examples would have, (L, d)."""
    config = EngineConfig(leaf_size=usual_leaf_size(classes, None))
    leaves = plant(batch, classes, config).leaves
    return np.stack([leaves[number].centroid for number in sorted(leaves)])
