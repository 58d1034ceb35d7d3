"""Options of commands that read a table: which file it is, what its columns are, how to value."""

from pathlib import Path
from typing import Annotated

import typer

Input = Annotated[
    Path,
    typer.Option(
        "--input",
        help="Examples: a .csv, .parquet, .ndjson or .arrow file, a directory or a pattern.",
    ),
]
Label = Annotated[str, typer.Option(help="Column that holds the label.")]
Id = Annotated[
    str | None, typer.Option("--id", help="Column that holds the id; without it rows are numbered.")
]
Time = Annotated[
    str | None,
    typer.Option(help="Column that holds the time: a date and time, or a number since the epoch."),
]
Provider = Annotated[str | None, typer.Option(help="Column that says who provided the example.")]
Drop = Annotated[
    list[str] | None, typer.Option(help="Columns that are to be ignored, separated by commas.")
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="Seed of splits, training and sampling; HCDV_SEED.")
]
Learner = Annotated[
    str,
    typer.Option(
        help="What is trained on coalitions: ridge, routed-knn, logistic, forest or wide-deep."
    ),
]
Metric = Annotated[
    str, typer.Option(help="What coalitions are worth: accuracy, balanced, auc or log-loss.")
]
Groups = Annotated[
    str, typer.Option(help="group and du-shapley: by label, by cluster or by provider.")
]
Levels = Annotated[
    str | None,
    typer.Option(
        help="algorithm1 and owen: K1,K2,... coalitions each one of the level above is cut into; "
        "HCDV_BRANCHING."
    ),
]
Permutations = Annotated[
    int | None, typer.Option(min=1, help="algorithm1: T, permutations; HCDV_PERMUTATIONS.")
]
LeafSize = Annotated[
    int | None,
    typer.Option(min=1, help="algorithm1: M, larger leaves are split equally; HCDV_LEAF_SIZE."),
]
Interpretation = Annotated[
    list[str] | None,
    typer.Option(
        help="algorithm1 and owen: what the paper leaves open, NAME=VALUE,...: players, "
        "scope, omega, unscalable, draws, leaf, averaged, counted, orders."
    ),
]
Evaluations = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Coalitions after which sampling ends, to the end of a round: 10,000, and one round "
        "of algorithm1.",
    ),
]
Seconds = Annotated[float | None, typer.Option(min=0, help="Seconds after which sampling ends.")]
StandardError = Annotated[
    float | None,
    typer.Option(min=0, help="Sampling ends once no example's standard error is above this."),
]
RankCorrelation = Annotated[
    float | None,
    typer.Option(
        min=-1,
        max=1,
        help="Sampling ends once the ranking agrees this well (Spearman) with that of four rounds "
        "before.",
    ),
]
Members = Annotated[
    int,
    typer.Option(
        min=1, help="Encoders to train, each with a tree of its own; values are their mean."
    ),
]
Jobs = Annotated[int, typer.Option(help="Processes that train models; -1 takes all cores.")]


def names(options: list[str] | None) -> tuple[str, ...]:
    """Return the column names of an option that takes several, by comma or by repetition."""
    parts = [name.strip() for option in options or [] for name in option.split(",")]
    return tuple(name for name in parts if name)
