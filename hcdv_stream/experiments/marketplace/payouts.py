"""Markets and attacks on the sets that results are reported on, which no rule was tuned on.

Thirty-two markets of five sellers, each set four times, and four of fifty. Every set is cut to
3,000 rows: 30% train the bundle, two fifths of which are V, and 25% test the models of the truths.
"""

from collections.abc import Callable, Mapping
from typing import Any

from hcdv_stream.experiments.common.datasets import Dataset, clickstream
from hcdv_stream.experiments.common.split_sets import REPORT, read_set
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress
from hcdv_stream.experiments.marketplace.attacks import attacked
from hcdv_stream.experiments.marketplace.many_markets import ground_of
from hcdv_stream.experiments.marketplace.tracking import tracked
from hcdv_stream.experiments.marketplace.truths import PAIRS

FEW, MANY = 5, 50
SEEDS = (0, 1, 2, 3)
CROWDED = ("page-blocks", "ring", "churn", "credit")
"""Sets with a market of fifty sellers: those on which models train quickly."""
SMALL, SMALL_MANY, SMALL_PAIRS = 200, 11, 20
"""Of a small run; up to ten sellers would not be sampled."""

Reader = Callable[[int], Dataset]


def measured(options: ExperimentOptions, progress: ExperimentProgress) -> dict[str, Any]:
    """Return ``markets``, each method's correlation with the truths, and ``attacks``."""
    found = five_sellers(options, progress)
    crowded = fifty_sellers(options, progress)
    return {"markets": found["markets"] + crowded, "attacks": found["attacks"]}


def five_sellers(
    options: ExperimentOptions, progress: ExperimentProgress
) -> dict[str, list[dict[str, Any]]]:
    """Return the markets of five sellers, and the attacks on as many others."""
    sets = _sets(options)
    seeds = SEEDS[:1] if options.small else SEEDS
    progress.plan(2 * len(sets) * len(seeds))
    markets, attacks = [], []
    for seed in seeds:
        for name, read in sets.items():
            progress.begin(f"seed {seed}: five sellers of {name}")
            site = ground_of(read(seed), seed)
            markets.append(tracked(site, FEW, seed, PAIRS))
            progress.done()
            progress.begin(f"seed {seed}: attacks on {name}")
            attacks += attacked(site)
            progress.done()
    return {"markets": markets, "attacks": attacks}


def fifty_sellers(options: ExperimentOptions, progress: ExperimentProgress) -> list[dict[str, Any]]:
    """Return the markets of fifty sellers."""
    sets = _sets(options)
    crowded = list(sets) if options.small else CROWDED
    many, pairs = (SMALL_MANY, SMALL_PAIRS) if options.small else (MANY, PAIRS)
    progress.plan(len(crowded))
    markets = []
    for name in crowded:
        progress.begin(f"fifty sellers of {name}")
        markets.append(tracked(ground_of(sets[name](0), 0), many, 0, pairs))
        progress.done()
    return markets


def _sets(options: ExperimentOptions) -> Mapping[str, Reader]:
    if options.small:
        return {"simulated clicks": lambda seed: clickstream(SMALL, seed)}

    def reader(name: str) -> Reader:
        return lambda _: read_set(REPORT, name, options.data)

    return {name: reader(name) for name in REPORT}
