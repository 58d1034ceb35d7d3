"""The board of the values: whether they add up, their spread, the stream's drift, the tree."""

from hcdv_stream.dashboards.arrivals import ARRIVALS, ERASURES
from hcdv_stream.dashboards.board import Board
from hcdv_stream.dashboards.doubts import DOUBTS
from hcdv_stream.dashboards.expressions import average, growth, largest, per_second, share_of, total
from hcdv_stream.dashboards.log import LOG
from hcdv_stream.dashboards.objectives import RESIDUAL
from hcdv_stream.dashboards.panel import Panel, Query
from hcdv_stream.dashboards.row import BY_PARTITION, PARTITION, Row

RIGHT = Row(
    "Values",
    [
        Panel(
            "Efficiency residual by partition",
            "Distance between the sum of all values and the value of the whole corpus. It must "
            "stay under the line, 1e-9: above it the values are wrong.",
            "sci",
            [Query(largest("hcdv_efficiency_residual", *PARTITION), BY_PARTITION)],
            objective=RESIDUAL,
        ),
        Panel(
            "Leaves verified",
            "Leaves a second that workers replay and compare bit for bit with what is stored. A "
            "worker that finds a difference stops.",
            "short",
            [
                Query(per_second("hcdv_verified_leaves_total", *PARTITION), BY_PARTITION),
                Query(per_second("hcdv_leaf_mismatches_total"), "mismatches"),
            ],
        ),
        Panel(
            "Spread of the values",
            "Percentiles, over all examples of a label, of value times the number of examples: "
            "comparable while the corpus grows. The mean over the corpus is its worth v(D).",
            "short",
            [
                Query(
                    average("hcdv_api_scaled_value", "label", "percentile"),
                    "{{label}} p{{percentile}}",
                )
            ],
            least=None,
        ),
        Panel(
            "Share of negative values",
            "Share of a label's examples that are worth less than nothing. A jump is a batch of "
            "wrong labels, or a provider gone bad.",
            "percentunit",
            [Query(average("hcdv_api_negative_value_ratio", "label"), "{{label}}")],
        ),
    ],
)

DRIFT = Row(
    "Drift",
    [
        Panel(
            "Distance of recent sessions from the corpus",
            "Distance, 0 to 2, between the mean embedding of some 2,000 recent sessions and that "
            "of the corpus. Rising for long: the stream has moved on; think of a new bundle.",
            "short",
            [Query(largest("hcdv_drift_distance", *PARTITION), BY_PARTITION)],
        ),
        Panel(
            "Divergence of recent sessions from V",
            "Evidence that sessions of a label agree less with their nearest evaluators than they "
            "did. At 1 the alarm begins; it ends under one half.",
            "short",
            [Query(largest("hcdv_divergence_ratio", "label"), "sessions {{label}}")],
            objective=1.0,
        ),
        Panel(
            "Age of V's newest evaluator",
            "How long before the stream's event time the newest evaluator lies. It rises for ever "
            "if no trusted session joins V.",
            "s",
            [Query(largest("hcdv_validation_age_seconds", *PARTITION), BY_PARTITION)],
        ),
        Panel(
            "Evaluators in V",
            "How many evaluators of a label are in V, and how many it should keep, of all "
            "partitions together.",
            "short",
            [
                Query(total("hcdv_validation_examples", "label"), "{{label}}"),
                Query(total("hcdv_validation_least", "label"), "least {{label}}"),
            ],
        ),
        Panel(
            "Evaluators that come and go",
            "Trusted sessions that joined V, evaluators that left it by age or by number, and "
            "providers whose sessions diverge from V.",
            "short",
            [
                Query(growth("hcdv_trusted_records_total"), "joined"),
                Query(growth("hcdv_validation_retired_total"), "left"),
                Query(total("hcdv_provider_divergence_alarm", "provider"), "alarm {{provider}}"),
                Query(largest("hcdv_divergence_alarm", "label"), "alarm, sessions {{label}}"),
            ],
        ),
        Panel(
            "Labels in the stream",
            "Share of each label among the sessions that arrive.",
            "percentunit",
            [
                Query(
                    share_of(
                        per_second("hcdv_label_records_total", "label"),
                        per_second("hcdv_label_records_total"),
                        "label",
                    ),
                    "{{label}}",
                )
            ],
            stacked=True,
        ),
        Panel(
            "Labels in the corpus",
            "Share of each label among all examples; beside the stream's.",
            "percentunit",
            [
                Query(
                    share_of(
                        total("hcdv_label_examples", "label"), total("hcdv_label_examples"), "label"
                    ),
                    "{{label}}",
                )
            ],
            stacked=True,
        ),
        Panel(
            "Sessions that found a leaf",
            "Share of the sessions that were farther than τ from every leaf. It should fade; where "
            "it stays up, the stream drifts or τ is too small.",
            "percentunit",
            [
                Query(
                    share_of(
                        per_second("hcdv_leaves_spawned_total"), per_second("hcdv_records_total")
                    ),
                    "share",
                )
            ],
        ),
        Panel(
            "Changes of the tree",
            "Leaves spawned, split and merged, and rebalances, in the window of a rate.",
            "short",
            [
                Query(growth("hcdv_leaves_spawned_total"), "spawned"),
                Query(growth("hcdv_leaves_split_total"), "split"),
                Query(growth("hcdv_leaves_merged_total"), "merged"),
                Query(growth("hcdv_tree_rebalances_total"), "rebalances"),
            ],
        ),
        Panel(
            "Updates a second",
            "Updates of the tree completed (HCDV_UPDATE_SIZE sessions each), by partition.",
            "cps",
            [Query(per_second("hcdv_updates_total", *PARTITION), BY_PARTITION)],
        ),
    ],
)

PROVIDERS = Row(
    "Providers",
    [
        Panel(
            "Examples by provider",
            "Examples of the 20 providers with most of them, and of all the others. A jump is a "
            "flood.",
            "short",
            [Query(total("hcdv_api_provider_examples", "provider"), "{{provider}}")],
            stacked=True,
        ),
        Panel(
            "Value by provider",
            "What these examples are worth together, which is what payouts go by. Compare with the "
            "number of examples.",
            "short",
            [Query(total("hcdv_api_provider_value", "provider"), "{{provider}}")],
            least=None,
        ),
        Panel(
            "Value of a provider's mean example",
            "Value over examples. A provider far below the others sends wrong labels, or more of "
            "what is there already.",
            "short",
            [
                Query(
                    share_of(
                        total("hcdv_api_provider_value", "provider"),
                        total("hcdv_api_provider_examples", "provider"),
                    ),
                    "{{provider}}",
                )
            ],
            least=None,
        ),
    ],
)

SHAPE = Row(
    "Shape of the tree",
    [
        Panel(
            "Examples by partition",
            "Examples in the corpus. Partitions far apart mean keys that are not spread.",
            "short",
            [Query(total("hcdv_examples", *PARTITION), BY_PARTITION)],
            stacked=True,
        ),
        Panel(
            "Leaves by partition",
            "Leaves of the tree.",
            "short",
            [Query(total("hcdv_leaves", *PARTITION), BY_PARTITION)],
            stacked=True,
        ),
        Panel(
            "Leaves by how full they are",
            "Empty, under HCDV_MERGE_BELOW (small), up to half of HCDV_LEAF_SIZE (half), up to all "
            "of it (full), more (over, until the update ends). Many small ones say little: their "
            "values come from few neighbours.",
            "short",
            [Query(total("hcdv_leaves_by_fill", "fill"), "{{fill}}")],
            stacked=True,
        ),
        Panel(
            "Mean examples a leaf",
            "Examples over leaves, by partition.",
            "short",
            [
                Query(
                    share_of(total("hcdv_examples", *PARTITION), total("hcdv_leaves", *PARTITION)),
                    BY_PARTITION,
                )
            ],
        ),
        Panel(
            "Inner nodes",
            "Coalitions between the root and the leaves.",
            "short",
            [Query(total("hcdv_tree_nodes", *PARTITION), BY_PARTITION)],
            stacked=True,
        ),
        Panel(
            "Height",
            "Levels of the tree above its leaves.",
            "short",
            [Query(largest("hcdv_tree_height", *PARTITION), BY_PARTITION)],
        ),
    ],
)

BOARD = Board(
    "hcdv-valuation",
    "hcdv: valuation health",
    "Do the values add up, how are they spread, does the stream drift, is the tree in shape?",
    [RIGHT, PROVIDERS, ARRIVALS, DOUBTS, DRIFT, SHAPE, ERASURES, LOG],
)
