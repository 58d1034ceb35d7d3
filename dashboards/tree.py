"""The row of the corpus: how large it is, how its tree changes, whether its values add up."""

from dashboards.expressions import growth, largest, per_second, total
from dashboards.panel import Panel, Query
from dashboards.row import BY_PARTITION, PARTITION, RESIDUAL_OBJECTIVE, Row

TREE = Row(
    "Tree and values",
    [
        Panel(
            "Examples by partition",
            "Examples in the corpus.",
            "short",
            [Query(total("hcdv_points", *PARTITION), BY_PARTITION)],
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
            "Updates a second",
            "Updates of the tree completed (HCDV_UPDATE_SIZE sessions each), by partition.",
            "cps",
            [Query(per_second("hcdv_updates_total", *PARTITION), BY_PARTITION)],
        ),
        Panel(
            "Changes of the tree",
            "Leaves spawned, split and merged, and rebalances, in the window of a rate. Spawns "
            "that do not fade mean drift, or a τ that is too small.",
            "short",
            [
                Query(growth("hcdv_leaves_spawned_total"), "spawned"),
                Query(growth("hcdv_leaves_split_total"), "split"),
                Query(growth("hcdv_leaves_merged_total"), "merged"),
                Query(growth("hcdv_tree_rebalances_total"), "rebalances"),
            ],
        ),
        Panel(
            "Efficiency residual by partition",
            "Distance between the sum of all values and the value of the whole corpus. It must "
            "stay under the line, 1e-9.",
            "sci",
            [Query(largest("hcdv_efficiency_residual", *PARTITION), BY_PARTITION)],
            objective=RESIDUAL_OBJECTIVE,
        ),
    ],
)
