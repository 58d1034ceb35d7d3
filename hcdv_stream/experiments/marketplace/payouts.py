"""Markets and attacks on the sets that results are reported on, which no rule was tuned on.

Sixteen markets of five sellers, each set twice, and four of fifty. Every set is cut to 3,000 rows:
30% train the bundle, two fifths of which are V, and 25% test the models of the truths.
"""

from collections.abc import Callable, Mapping
from typing import Any

from hcdv_stream.experiments.common.datasets import Dataset, clickstream
from hcdv_stream.experiments.common.split_sets import REPORT, read_set
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress
from hcdv_stream.experiments.marketplace.attacks import attacked
from hcdv_stream.experiments.marketplace.many_markets import ground_of
from hcdv_stream.experiments.marketplace.tracking import tracked

FEW, MANY = 5, 50
SEEDS = (0, 1)
CROWDED = ("page-blocks", "ring", "churn", "credit")
"""Sets with a market of fifty sellers: those on which models train quickly."""
ORDERS = 2
"""Random orders of fifty sellers that are sampled, in antithetic pairs."""
SMALL, SMALL_MANY, SMALL_ORDERS = 200, 11, 1
"""Of a small run; up to ten sellers would not be sampled."""

Reader = Callable[[int], Dataset]


def measured(options: ExperimentOptions, progress: ExperimentProgress) -> Mapping[str, Any]:
    """Return ``markets``, each method's correlation with the truths, and ``attacks``."""
    sets = _sets(options)
    seeds = SEEDS[:1] if options.small else SEEDS
    crowded = list(sets) if options.small else CROWDED
    many = SMALL_MANY if options.small else MANY
    orders = SMALL_ORDERS if options.small else ORDERS
    progress.plan(2 * len(sets) * len(seeds) + len(crowded))
    markets, attacks = [], []
    for seed in seeds:
        for name, read in sets.items():
            progress.begin(f"seed {seed}: five sellers of {name}")
            site = ground_of(read(seed), seed)
            markets.append(tracked(site, FEW, seed, orders))
            progress.done()
            progress.begin(f"seed {seed}: attacks on {name}")
            attacks += attacked(site)
            progress.done()
    for name in crowded:
        progress.begin(f"fifty sellers of {name}")
        markets.append(tracked(ground_of(sets[name](0), 0), many, 0, orders))
        progress.done()
    return {"markets": markets, "attacks": attacks}


def _sets(options: ExperimentOptions) -> Mapping[str, Reader]:
    if options.small:
        return {"simulated clicks": lambda seed: clickstream(SMALL, seed)}

    def reader(name: str) -> Reader:
        return lambda _: read_set(REPORT, name, options.data)

    return {name: reader(name) for name in REPORT}
