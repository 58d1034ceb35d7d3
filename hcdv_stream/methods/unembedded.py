"""Methods that look at X itself or at nothing: Data-OOB and random values."""

from typing import Any

from hcdv_stream.estimator.preparation import PreparedExamples, prepare_unembedded
from hcdv_stream.learners.data_oob import data_oob
from hcdv_stream.methods.base import Method
from hcdv_stream.methods.context import MethodContext
from hcdv_stream.valuation.methods.baselines.random_values import chance
from hcdv_stream.valuation.methods.sampling.run import Estimate

TREES = 100
"""Trees of Data-OOB, as in its paper's comparison with 100 players."""


class UnembeddedMethod(Method):
    """A method that needs neither an encoder nor V."""

    def _prepared(
        self, table: Any, codes: Any, *_: Any, provider: Any, ids: Any, seed: int
    ) -> PreparedExamples:
        return prepare_unembedded(codes, provider, ids)


class DataOOB(UnembeddedMethod):
    """Data-OOB: how often decision trees that did not see an example get it right.

    It trains ``trees`` trees on X itself and needs no V: ``fit`` does not look at X_val.

    Parameters
    ----------
    trees : int, default=100
        Bootstrap samples, and trees. More trees make standard errors smaller.
    n_jobs : int, default=1
        Processes that share the training. Values do not depend on it.
    random_state : int, RandomState instance or None, default=0
        Decides every random draw. The same integer gives the same values.

    Attributes
    ----------
    values_ : ndarray of shape (n,)
        What each example is worth, NaN for one that became part of V.
    stderr_ : ndarray of shape (n,)
        Their standard errors, those of a share.
    total_ : float or None
        None: the values do not sum to anything.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.

    References
    ----------
    Kwon and Zou, "Data-OOB: Out-of-bag Estimate as a Simple and Efficient Data Value", ICML 2023.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from hcdv_stream.methods import DataOOB
    >>> method = DataOOB(trees=50).fit(*load_iris(return_X_y=True))
    >>> bool(0.9 < method.values_.mean() <= 1.0)
    True

    """

    method = "data-oob"

    def __init__(
        self,
        *,
        trees: int = TREES,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.trees = trees
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        labels = context.batch.labels
        return data_oob(context.features(), labels, self.trees, context.seed, self.n_jobs)


class RandomValues(UnembeddedMethod):
    """Random values: numbers that know nothing, the floor of every comparison.

    ``fit`` looks at nothing but the number of examples.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=0
        Decides every random draw. The same integer gives the same values.

    Attributes
    ----------
    values_ : ndarray of shape (n,)
        What each example is worth, NaN for one that became part of V.
    stderr_ : ndarray of shape (n,)
        Zeros.
    total_ : float or None
        None: the values do not sum to anything.
    estimate_ : Estimate
        The result for the valued examples alone, with what it took.
    provenance_ : dict
        Parameters, seed, versions and sizes.

    Examples
    --------
    >>> from hcdv_stream.methods import RandomValues
    >>> method = RandomValues(random_state=7).fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    >>> method.values_.round(3).tolist()
    [0.625, 0.897, 0.776]

    """

    method = "random"

    def __init__(
        self,
        *,
        random_state: Any = 0,
    ) -> None:
        self.random_state = random_state

    def _estimate(self, context: MethodContext) -> Estimate:
        return chance(context.players, context.seed)
