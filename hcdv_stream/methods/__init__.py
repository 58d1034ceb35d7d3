"""The front door for Python: every method, and what goes with it.

Estimators: ``HCDV`` and the methods it is compared with, all with one protocol
(``ValuationMethod``). Games: what coalitions are worth, to hand to ``run`` with a sampler.
Stopping criteria combine with ``&`` and ``|``. Curves say how good a selection is; pictures are in
``hcdv_stream.plots``, which needs matplotlib.
"""

from hcdv_stream.estimator import HCDV, Coalition
from hcdv_stream.estimator.curves import Curve, addition_curve, removal_curve, trained_score
from hcdv_stream.learners.logistic import Logistic
from hcdv_stream.learners.metrics import accuracy, auc, balanced_accuracy, likelihood
from hcdv_stream.learners.retraining import Retraining
from hcdv_stream.learners.ridge import Ridge
from hcdv_stream.learners.routed_knn import RoutedNeighbours
from hcdv_stream.learners.task import Task
from hcdv_stream.learners.trained import Learner, TrainedUtility
from hcdv_stream.methods.data_shapley import BetaShapley, DataBanzhaf, DataShapley
from hcdv_stream.methods.group_values import DUShapley, GroupShapley
from hcdv_stream.methods.hierarchical import Algorithm1, OwenValue
from hcdv_stream.methods.knn_shapley import KNNShapley
from hcdv_stream.methods.leave_one_out import LeaveOneOut
from hcdv_stream.methods.protocol import ValuationMethod
from hcdv_stream.methods.unembedded import DataOOB, RandomValues
from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.methods.algorithm1 import (
    Algorithm1Sampler,
    Interpretation,
    algorithm_1,
)
from hcdv_stream.valuation.methods.baselines.data_shapley import banzhaf, beta_shapley, tmc
from hcdv_stream.valuation.methods.baselines.group_shapley import group_shapley
from hcdv_stream.valuation.methods.baselines.leave_one_out import leave_one_out
from hcdv_stream.valuation.methods.contrasted_utility import Contrasted
from hcdv_stream.valuation.methods.level_structure import OwenSampler, spread_by_context
from hcdv_stream.valuation.methods.levels import Levels, build_levels
from hcdv_stream.valuation.methods.ridge_utility import RidgeGame
from hcdv_stream.valuation.methods.sampling.run import Estimate, run
from hcdv_stream.valuation.methods.sampling.stopping import (
    Criterion,
    Evaluations,
    RankStability,
    Rounds,
    Seconds,
    StandardError,
)
from hcdv_stream.valuation.methods.semivalues import exact
from hcdv_stream.valuation.methods.utility import Cached, CoalitionGame, Utility
from hcdv_stream.valuation.validation import Validation

METHODS = (
    Algorithm1,
    BetaShapley,
    DUShapley,
    DataBanzhaf,
    DataOOB,
    DataShapley,
    GroupShapley,
    KNNShapley,
    LeaveOneOut,
    OwenValue,
    RandomValues,
)
"""Every method but HCDV."""

__all__ = [
    "HCDV",
    "METHODS",
    "Algorithm1",
    "Algorithm1Sampler",
    "BetaShapley",
    "Cached",
    "Characteristic",
    "Coalition",
    "CoalitionGame",
    "Contrasted",
    "Criterion",
    "Curve",
    "DUShapley",
    "DataBanzhaf",
    "DataOOB",
    "DataShapley",
    "Estimate",
    "Evaluations",
    "GroupShapley",
    "Interpretation",
    "KNNShapley",
    "Learner",
    "LeaveOneOut",
    "Levels",
    "Logistic",
    "OwenSampler",
    "OwenValue",
    "RandomValues",
    "RankStability",
    "Retraining",
    "Ridge",
    "RidgeGame",
    "Rounds",
    "RoutedNeighbours",
    "Seconds",
    "StandardError",
    "Task",
    "TrainedUtility",
    "Utility",
    "Validation",
    "ValuationMethod",
    "accuracy",
    "addition_curve",
    "algorithm_1",
    "auc",
    "balanced_accuracy",
    "banzhaf",
    "beta_shapley",
    "build_levels",
    "exact",
    "group_shapley",
    "leave_one_out",
    "likelihood",
    "removal_curve",
    "run",
    "spread_by_context",
    "tmc",
    "trained_score",
    "unit_grid",
]
