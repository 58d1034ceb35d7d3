"""Values a file by any method of ``hcdv_stream.methods``, not the routed game alone."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcdv_stream import methods
from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.methods.base import Method
from hcdv_stream.methods.context import GROUPS, MethodContext
from hcdv_stream.offline.encoding import EncodedExamples, ValuationError, encode_examples
from hcdv_stream.offline.examples import Examples
from hcdv_stream.offline.method_options import MethodOptions
from hcdv_stream.offline.valuation import FileValuation
from hcdv_stream.settings import Settings
from hcdv_stream.valuation.methods.levels import Levels
from hcdv_stream.valuation.methods.sampling.run import Estimate
from hcdv_stream.valuation.tree.coalition_ids import path_ids

__all__ = ["GROUPS", "METHODS", "MethodOptions", "value_by"]


def _trained(options: MethodOptions, settings: Settings) -> dict[str, Any]:
    """Return the parameters of every method that trains a learner."""
    return {
        "learner": options.learner,
        "metric": options.metric,
        "neighbours": settings.neighbours,
        "n_jobs": options.jobs,
    }


def _sampled(options: MethodOptions, settings: Settings) -> dict[str, Any]:
    """Return the parameters of every method that samples coalitions."""
    return _trained(options, settings) | {"until": options.until()}


def _hierarchical(options: MethodOptions, settings: Settings) -> dict[str, Any]:
    """Return the parameters of every method with a hierarchy."""
    chosen = options.hierarchy
    return _sampled(options, settings) | {
        "levels": chosen.counts or settings.branching,
        "counted": chosen.counted,
        "averaged": chosen.averaged,
        "lam": settings.lam,
    }


def _algorithm1(options: MethodOptions, settings: Settings) -> Method:
    chosen = options.hierarchy
    shared = _hierarchical(options, settings) | {"until": options.until(rounds=1)}
    return methods.Algorithm1(
        permutations=chosen.permutations or settings.permutations,
        leaf_size=chosen.leaf_size or settings.leaf_size,
        interpretation=chosen.interpretation,
        **shared,
    )


def _owen(options: MethodOptions, settings: Settings) -> Method:
    return methods.OwenValue(orders=options.hierarchy.orders, **_hierarchical(options, settings))


def _knn_shapley(_: MethodOptions, settings: Settings) -> Method:
    return methods.KNNShapley(neighbours=settings.neighbours, utility=settings.utility)


METHODS: Mapping[str, Callable[[MethodOptions, Settings], Method]] = {
    "random": lambda *_: methods.RandomValues(),
    "loo": lambda *given: methods.LeaveOneOut(**_trained(*given)),
    "tmc": lambda *given: methods.DataShapley(**_sampled(*given)),
    "group": lambda *given: methods.GroupShapley(groups=given[0].groups, **_sampled(*given)),
    "banzhaf": lambda *given: methods.DataBanzhaf(**_sampled(*given)),
    "beta-shapley": lambda *given: methods.BetaShapley(**_sampled(*given)),
    "knn-shapley": _knn_shapley,
    "du-shapley": lambda *given: methods.DUShapley(groups=given[0].groups, **_sampled(*given)),
    "data-oob": lambda *given: methods.DataOOB(n_jobs=given[0].jobs),
    "algorithm1": _algorithm1,
    "owen": _owen,
}
"""The estimator of every method but the routed game, which keeps a tree: see ``valuation``."""


def _context(
    encoded: EncodedExamples, bundle: Bundle, settings: Settings, progress: Callable[[int], None]
) -> MethodContext:
    return MethodContext(
        encoded.batch,
        bundle.validation,
        bundle.classes,
        settings.seed,
        lambda: bundle.seed.centroids,
        lambda: encoded.features.astype(np.float64),
        progress,
    )


def value_by(
    method: str,
    examples: Examples,
    bundle: Bundle,
    settings: Settings,
    options: MethodOptions,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> FileValuation:
    """Value the examples by a method of METHODS; the last row of an id counts.

    ``progress`` gets the count of coalitions asked for so far. Raises ValuationError where none
    fits the bundle or an option names what does not exist.
    """
    encoded = encode_examples(examples, bundle)
    distinct = encoded.distinct()
    context = _context(distinct, bundle, settings, progress)
    try:
        estimate = METHODS[method](options, settings).estimate(context)
    except ValueError as error:
        raise ValuationError(str(error)) from error
    worth = None if estimate.ends is None else estimate.ends.everybody - estimate.ends.nobody
    return FileValuation(
        table=_table(distinct, context, estimate),
        total=worth,
        residual=None if worth is None else abs(float(estimate.values.sum()) - worth),
        updates=0,
        leaves=0 if context.levels is None else context.levels.size(context.levels.depth),
        rejected=encoded.rejected,
        replaced=len(encoded.batch) - context.players,
        evaluations=estimate.evaluations,
        facts={"rounds": estimate.rounds, "parameters": _parameters(context, options, estimate)},
    )


def _parameters(
    context: MethodContext, options: MethodOptions, estimate: Estimate
) -> dict[str, Any]:
    if context.levels is None:
        return dict(estimate.parameters)
    chosen = options.hierarchy
    return {**estimate.parameters, "averaged": chosen.averaged, "counted": chosen.counted}


def _table(encoded: EncodedExamples, context: MethodContext, estimate: Estimate) -> pa.Table:
    batch = encoded.batch
    order = np.argsort(encoded.places)
    listed = order.tolist()
    classes = context.classes
    columns: dict[str, Any] = {
        "id": pa.array([batch.ids[row] for row in listed], pa.string()),
        "label": pa.array([classes[batch.labels[row]] for row in listed], pa.string()),
        "value": estimate.values[order],
        "stderr": estimate.stderr[order],
    }
    if context.levels is not None:
        paths = _paths(context.levels, order)
        columns["leaf"] = pa.array([path[-1] for path in paths], pa.string())
        columns["path"] = pa.array(["/".join(path) for path in paths], pa.string())
    if any(name is not None for name in batch.providers):
        columns["provider"] = pa.array([batch.providers[row] for row in listed], pa.string())
    return pa.table(columns)


def _paths(levels: Levels, order: npt.NDArray[np.intp]) -> list[tuple[str, ...]]:
    """Return the ids of every example's coalitions, from D to the finest level.

    The coalitions of all levels but the finest are nodes, numbered from D on level after level.
    """
    numbers = np.array([levels.coalitions(level)[order] for level in range(levels.depth + 1)])
    first = np.cumsum([0, *(levels.size(level) for level in range(levels.depth))])
    nodes = (numbers[:-1] + first[:-1, np.newaxis]).T.tolist()
    return [
        path_ids(0, above, leaf) for above, leaf in zip(nodes, numbers[-1].tolist(), strict=True)
    ]
