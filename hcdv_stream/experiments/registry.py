"""All experiments, by name."""

from collections.abc import Mapping

from hcdv_stream.experiments import (
    ambiguities,
    api_load,
    augmentation,
    augmentation_tables,
    benchmark,
    benchmark_tables,
    latency,
    latency_tables,
    marketplace,
    noisy_labels,
    noisy_labels_tables,
    quality,
    quality_tables,
    rivals,
    scaling,
    streaming,
    tuning,
)
from hcdv_stream.experiments.endurance import soak, trial
from hcdv_stream.experiments.experiment import Experiment

EXPERIMENTS: Mapping[str, Experiment] = {
    each.name: each
    for each in (
        Experiment(
            "quality",
            "flipped labels found and training data chosen, beside other methods, on four sets",
            3,
            quality.run,
            quality_tables.tables,
        ),
        Experiment(
            "tables",
            "the paper's comparison: utility at 30%, stability and time of eight methods",
            3,
            benchmark.run,
            benchmark_tables.tables,
        ),
        Experiment(
            "noisy-labels",
            "the paper's Table 3: wrong labels found, players removed and added, by ten methods",
            3,
            noisy_labels.run,
            noisy_labels_tables.tables,
        ),
        Experiment(
            "latency",
            "an update's latency and what size does to it; the worker's rate and memory",
            5,
            latency.run,
            latency_tables.tables,
        ),
        Experiment(
            "api-load",
            "the API at 500 reads a second beside a busy worker; every answer checked by replay",
            1,
            api_load.run,
            api_load.tables,
        ),
        Experiment(
            "scaling",
            "what a fit of the estimator costs from 3,000 to 1,000,000 samples",
            3,
            scaling.run,
            scaling.tables,
        ),
        Experiment(
            "rivals",
            "beside pyDVL and OpenDataVal: the same values, how long they take, what they find",
            3,
            rivals.run,
            rivals.tables,
            "--python rivals/bin/python",
        ),
        Experiment(
            "tuning",
            "one parameter at a time on seeds of its own: where the defaults come from",
            4,
            tuning.run,
            tuning.tables,
        ),
        Experiment(
            "ambiguities",
            "what each reading of the printed Algorithm 1 comes to, and what context adds",
            4,
            ambiguities.run,
            ambiguities.tables,
        ),
        Experiment(
            "marketplace",
            "five sellers of Adult rows paid by value, and one that floods the market with copies",
            3,
            marketplace.run,
            marketplace.tables,
        ),
        Experiment(
            "streaming",
            "ten days of clicks valued as they come: refreshed, rebuilt, by groups, by chance",
            3,
            streaming.run,
            streaming.tables,
        ),
        Experiment(
            "augmentation",
            "made images valued beside the originals: what the best and the worst are good for",
            3,
            augmentation.run,
            augmentation_tables.tables,
        ),
        Experiment(
            "endurance",
            "workers and broker killed and cut off, disks full: what is lost, doubled or changed",
            1,
            trial.run,
            trial.tables,
            "--kafka kafka-server",
        ),
        Experiment(
            "soak",
            "1,000 sessions a second and readers for long: does memory or a count of files grow",
            1,
            soak.run,
            soak.tables,
        ),
    )
}
