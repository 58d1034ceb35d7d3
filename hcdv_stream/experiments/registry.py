"""All experiments, by name."""

from collections.abc import Mapping

from hcdv_stream.experiments.ambiguities import run as ambiguities
from hcdv_stream.experiments.api_load import heavy_reads
from hcdv_stream.experiments.api_load import run as api_load
from hcdv_stream.experiments.augmentation import report as augmentation_report
from hcdv_stream.experiments.augmentation import run as augmentation
from hcdv_stream.experiments.coverage import run as coverage
from hcdv_stream.experiments.drift import report as drift_report
from hcdv_stream.experiments.drift import run as drift
from hcdv_stream.experiments.endurance import run as endurance
from hcdv_stream.experiments.experiment import Experiment
from hcdv_stream.experiments.label_errors import report as label_errors_report
from hcdv_stream.experiments.label_errors import run as label_errors
from hcdv_stream.experiments.latency import report as latency_report
from hcdv_stream.experiments.latency import run as latency
from hcdv_stream.experiments.marketplace import run as marketplace
from hcdv_stream.experiments.members import run as members
from hcdv_stream.experiments.noisy_labels import report as noisy_labels_report
from hcdv_stream.experiments.noisy_labels import run as noisy_labels
from hcdv_stream.experiments.quality import report as quality_report
from hcdv_stream.experiments.quality import run as quality
from hcdv_stream.experiments.quality import tuning
from hcdv_stream.experiments.rivals import run as rivals
from hcdv_stream.experiments.scaling import run as scaling
from hcdv_stream.experiments.selection import report as selection_report
from hcdv_stream.experiments.selection import run as selection
from hcdv_stream.experiments.soak import run as soak
from hcdv_stream.experiments.streaming import run as streaming
from hcdv_stream.experiments.tables import report as tables_report
from hcdv_stream.experiments.tables import run as tables

EXPERIMENTS: Mapping[str, Experiment] = {
    each.name: each
    for each in (
        Experiment(
            "quality",
            "flipped labels found and training data chosen, beside other methods, on four sets",
            3,
            quality.run,
            quality_report.tables,
        ),
        Experiment(
            "tables",
            "the paper's comparison: utility at 30%, stability and time of eight methods",
            3,
            tables.run,
            tables_report.tables,
        ),
        Experiment(
            "noisy-labels",
            "the paper's Table 3: wrong labels found, players removed and added, by ten methods",
            3,
            noisy_labels.run,
            noisy_labels_report.tables,
        ),
        Experiment(
            "label-errors",
            "wrong labels found on eight report sets, beside cleanlab and others",
            5,
            label_errors.run,
            label_errors_report.tables,
        ),
        Experiment(
            "selection",
            "training data chosen from eight report sets, beside cleanlab's pruning",
            5,
            selection.run,
            selection_report.tables,
        ),
        Experiment(
            "coverage",
            "how often a value's 95% interval holds when V and the other examples are drawn anew",
            2,
            coverage.run,
            coverage.tables,
        ),
        Experiment(
            "latency",
            "an update's latency and what size does to it; the worker's rate and memory",
            5,
            latency.run,
            latency_report.tables,
        ),
        Experiment(
            "api-load",
            "the API at 500 reads a second beside a busy worker; every answer checked by replay",
            1,
            api_load.run,
            api_load.tables,
        ),
        Experiment(
            "heavy-reads",
            "reads of examples beside four loops over the answers on 100,000 providers",
            1,
            heavy_reads.run,
            heavy_reads.tables,
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
            "members",
            "leaves and members of a fit on sets to tune on: where their defaults come from",
            1,
            members.run,
            members.tables,
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
            "drift",
            "a concept that changes: what values say with V at rest and moving, and the alarm",
            3,
            drift.run,
            drift_report.tables,
        ),
        Experiment(
            "augmentation",
            "made images valued beside the originals: what the best and the worst are good for",
            3,
            augmentation.run,
            augmentation_report.tables,
        ),
        Experiment(
            "endurance",
            "workers and broker killed and cut off, disks full: what is lost, doubled or changed",
            1,
            endurance.run,
            endurance.tables,
            "--kafka kafka-server",
        ),
        Experiment(
            "soak",
            "1,000 sessions a second and readers for long: does memory or a count of files grow",
            1,
            soak.run,
            soak.tables,
            "--kafka kafka-server",
        ),
    )
}
