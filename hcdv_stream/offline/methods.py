"""Values a file by any method, not the routed game alone."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.learners.data_oob import data_oob
from hcdv_stream.offline.context import GROUPS, MethodOptions, World
from hcdv_stream.offline.encoding import ValuationError, judge_examples
from hcdv_stream.offline.examples import Examples
from hcdv_stream.offline.valuation import FileValuation
from hcdv_stream.settings import Settings
from hcdv_stream.valuation.methods.algorithm1 import Algorithm1Sampler
from hcdv_stream.valuation.methods.baselines.data_shapley import banzhaf, beta_shapley, tmc
from hcdv_stream.valuation.methods.baselines.group_shapley import group_shapley, shared
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley
from hcdv_stream.valuation.methods.baselines.leave_one_out import leave_one_out
from hcdv_stream.valuation.methods.baselines.random_values import chance
from hcdv_stream.valuation.methods.level_structure import OwenSampler
from hcdv_stream.valuation.methods.sampling.run import Estimate
from hcdv_stream.valuation.methods.sampling.uniform_sizes import UniformSizeSampler

__all__ = ["GROUPS", "METHODS", "MethodOptions", "value_by"]

TREES = 100
"""Trees of data-oob, as in its paper's comparison with 100 players."""


def _group(world: World) -> Estimate:
    groups, options = world.groups(), world.options
    estimate = group_shapley(
        world.utility(),
        groups,
        options.until(),
        seed=world.settings.seed,
        clock=time.monotonic,
    )
    return shared(estimate, groups)


def _du_shapley(world: World) -> Estimate:
    groups = world.groups()
    return shared(world.sampled(UniformSizeSampler(groups)), groups)


def _knn_shapley(world: World) -> Estimate:
    batch, validation, classes = world.judged.batch, world.bundle.validation, world.bundle.classes
    weights = world.settings.weights.per_class(classes, validation.counts(len(classes)))
    neighbours = world.settings.neighbours
    values = knn_shapley(batch.embeddings, batch.labels, validation, neighbours, weights)
    return Estimate.exact("knn-shapley", values, 0, {"neighbours": neighbours})


def _data_oob(world: World) -> Estimate:
    features = world.judged.features.astype(np.float64)
    labels, seed = world.judged.batch.labels, world.settings.seed
    return data_oob(features, labels, TREES, seed, world.options.jobs)


def _algorithm1(world: World) -> Estimate:
    chosen = world.options.hierarchy
    sampler = Algorithm1Sampler(
        world.cut(),
        chosen.permutations or world.settings.permutations,
        chosen.leaf_size or world.settings.leaf_size,
        chosen.interpretation,
    )
    return world.sampled(sampler, world.contrasted(), rounds=1)


def _owen(world: World) -> Estimate:
    sampler = OwenSampler(world.cut(), world.options.hierarchy.orders)
    return world.sampled(sampler, world.contrasted())


METHODS: Mapping[str, Callable[[World], Estimate]] = {
    "random": lambda world: chance(world.players, world.settings.seed),
    "loo": lambda world: leave_one_out(world.utility()),
    "tmc": lambda world: world.sampled(tmc(batch=1)),
    "group": _group,
    "banzhaf": lambda world: world.sampled(banzhaf()),
    "beta-shapley": lambda world: world.sampled(beta_shapley(batch=1)),
    "knn-shapley": _knn_shapley,
    "du-shapley": _du_shapley,
    "data-oob": _data_oob,
    "algorithm1": _algorithm1,
    "owen": _owen,
}
"""Every method but the routed game, which keeps a tree: see ``file_valuation``."""


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
    judged = judge_examples(examples, bundle)
    world = World(judged.distinct(), bundle, settings, options, progress)
    try:
        estimate = METHODS[method](world)
    except ValueError as error:
        raise ValuationError(str(error)) from error
    worth = None if estimate.ends is None else estimate.ends.everybody - estimate.ends.nobody
    return FileValuation(
        table=_table(world, estimate),
        total=worth,
        residual=None if worth is None else abs(float(estimate.values.sum()) - worth),
        updates=0,
        leaves=0 if world.levels is None else world.levels.size(world.levels.depth),
        rejected=judged.rejected,
        replaced=len(judged.batch) - world.players,
        evaluations=estimate.evaluations,
        facts={"rounds": estimate.rounds, "parameters": _parameters(world, estimate)},
    )


def _parameters(world: World, estimate: Estimate) -> dict[str, Any]:
    if world.levels is None:
        return dict(estimate.parameters)
    chosen = world.options.hierarchy
    return {**estimate.parameters, "averaged": chosen.averaged, "counted": chosen.counted}


def _table(world: World, estimate: Estimate) -> pa.Table:
    batch = world.judged.batch
    order = np.argsort(world.judged.places)
    listed = order.tolist()
    classes = world.bundle.classes
    columns: dict[str, Any] = {
        "id": pa.array([batch.ids[row] for row in listed], pa.string()),
        "label": pa.array([classes[batch.labels[row]] for row in listed], pa.string()),
        "value": estimate.values[order],
        "stderr": estimate.stderr[order],
    }
    if world.levels is not None:
        paths = world.levels.assignment[:, order]
        columns["leaf"] = world.levels.coalitions(world.levels.depth)[order]
        columns["path"] = pa.array(["/".join(map(str, path)) for path in paths.T.tolist()])
    if any(name is not None for name in batch.providers):
        columns["provider"] = pa.array([batch.providers[row] for row in listed], pa.string())
    return pa.table(columns)
