"""``hcdv-stream value``: what every example of a file is worth, without Kafka."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic_core import to_json

from hcdv_stream.cli import columns
from hcdv_stream.cli.file_notes import say_notes
from hcdv_stream.cli.report_file import check_report
from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import Settings, load_settings

if TYPE_CHECKING:
    from hcdv_stream.bundle.bundle import Bundle
    from hcdv_stream.offline.examples import Examples
    from hcdv_stream.offline.hierarchy_options import HierarchyOptions
    from hcdv_stream.offline.methods import MethodOptions
    from hcdv_stream.offline.valuation import FileValuation

TREES = ("hcdv", "hcdv-full")
"""The game that keeps a tree: grown update by update, or (full) cut from everything at once."""


def value(
    context: typer.Context,
    *,
    source: columns.Input,
    label: columns.Label,
    out: Annotated[Path, typer.Option(help="Parquet file to write, one row per example.")],
    id_column: columns.Id = None,
    time: columns.Time = None,
    provider: columns.Provider = None,
    bundle: Annotated[
        Path | None, typer.Option(help="What `train` wrote; without it one is trained on a part.")
    ] = None,
    drop: columns.Drop = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="hcdv, hcdv-full, algorithm1, owen, random, loo, tmc, group, banzhaf, "
            "beta-shapley, knn-shapley, du-shapley or data-oob; without it HCDV_GAME decides."
        ),
    ] = None,
    learner: columns.Learner = "ridge",
    metric: columns.Metric = "balanced",
    groups: columns.Groups = "label",
    levels: columns.Levels = None,
    permutations: columns.Permutations = None,
    leaf_size: columns.LeafSize = None,
    interpretation: columns.Interpretation = None,
    evaluations: columns.Evaluations = None,
    seconds: columns.Seconds = None,
    standard_error: columns.StandardError = None,
    rank_correlation: columns.RankCorrelation = None,
    jobs: columns.Jobs = 1,
    members: columns.Members = 1,
    utility: Annotated[
        str | None, typer.Option(help="balanced, accuracy or class:<label>; HCDV_UTILITY.")
    ] = None,
    beta: Annotated[
        float | None, typer.Option(help="The peers' share of the evaluation; HCDV_BETA.")
    ] = None,
    lam: Annotated[
        float | None, typer.Option("--lambda", help="Weight of the contrast; HCDV_LAM.")
    ] = None,
    seed: columns.Seed = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Picture to draw, .png, .svg or .pdf: values by class; needs the extra plot."
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the summary as JSON to this file; - prints it.")
    ] = None,
) -> None:
    """Value a file as one corpus, in order of time where there is a time column.

    Without --bundle one is trained on 40% of the rows; a quarter of these, at most 2,000, judge
    the others and are not valued themselves.
    """
    from hcdv_stream.cli.value_picture import check_picture, draw_picture
    from hcdv_stream.cli.value_report import show
    from hcdv_stream.offline.examples import Roles, read_examples
    from hcdv_stream.offline.tables import check_writable, write_table

    game = "routed" if method == "hcdv" else None
    settings = load_settings(seed=seed, utility=utility, beta=beta, lam=lam, game=game)
    check_report(json)
    used = _used(context, method, settings, columns.names(interpretation))
    if groups == "provider" and provider is None:
        raise HcdvError("--groups provider needs --provider, the column that names the providers")
    if members > 1 and bundle is not None:
        raise HcdvError(
            f"--members {members} needs as many encoders, and --bundle has one: leave either out"
        )
    options = _options(
        method,
        groups,
        (levels, permutations, leaf_size, interpretation),
        learner=learner,
        metric=metric,
        evaluations=evaluations,
        seconds=seconds,
        standard_error=standard_error,
        rank_correlation=rank_correlation,
        jobs=jobs,
    )
    check_writable(out, read=[source])
    if plot is not None:
        check_picture(plot)
    roles = Roles(label=label, id=id_column, time=time, provider=provider)
    examples = read_examples(source, roles, columns.names(drop))
    say_notes(examples.notes)
    bundles, judges, valued = _bundles(bundle, examples, label, settings, members)
    result = _valued(valued, bundles, settings, method, options)
    summary = {
        "examples_valued": len(result.table),
        "validation_rows": len(judges),
        "unlabelled_rows": examples.unlabelled,
        "notes": list(examples.notes),
        "rejected": result.rejected,
        "replaced": result.replaced,
        "updates": result.updates,
        "leaves": result.leaves,
        "evaluations": result.evaluations,
        "total": result.total,
        "efficiency_residual": result.residual,
        "bundle": bundles[0].checksum,
        "method": method or "hcdv",
        "game": settings.game,
        "utility": settings.utility,
        "beta": settings.beta,
        "lambda": settings.lam,
    }
    if members > 1:
        summary |= {"members": members, "bundles": [each.checksum for each in bundles]}
    if options is not None:
        chosen_by = {"learner": learner, "metric": metric, "groups": groups}
        summary |= {name: value for name, value in chosen_by.items() if name in used}
        summary |= result.facts
    metadata = {"hcdv_stream": to_json(summary | {"validation_ids": judges}, inf_nan_mode="null")}
    write_table(out, result.table.replace_schema_metadata(metadata))
    if plot is not None:
        draw_picture(result.table, str(summary["method"]), plot)
    if json is not None and str(json) == "-":
        sys.stdout.buffer.write(to_json(summary, indent=2, inf_nan_mode="null") + b"\n")
        return
    if json is not None:
        json.write_bytes(to_json(summary, indent=2, inf_nan_mode="null"))
    show(result, summary, out)


def _used(
    context: typer.Context, method: str | None, settings: Settings, interpretation: Iterable[str]
) -> frozenset[str]:
    """Return the options that the method uses; refuse any other that was given."""
    from hcdv_stream.offline.method_options import CHOICES_OF, OPTIONS_OF

    name = method or "hcdv"
    if name in TREES and settings.game == "algorithm1":
        name = "the game algorithm1"
    used = OPTIONS_OF.get(name)
    if used is None:
        return frozenset()  # which is no method, as _options says
    every = frozenset().union(*OPTIONS_OF.values())
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "")
        if option.name in every - used and given is not None and given.name == "COMMANDLINE":
            raise HcdvError(
                f"{option.opts[0]} has no effect on {name}: leave it out, or choose another "
                "--method"
            )
    for each in interpretation:
        choice = each.partition("=")[0]
        if (
            choice in CHOICES_OF["algorithm1"] | CHOICES_OF["owen"]
            and choice not in CHOICES_OF[name]
        ):
            raise HcdvError(f"--interpretation {each} has no effect on {name}: leave it out")
    return used


def _bundles(
    path: Path | None, examples: "Examples", label: str, settings: Settings, members: int
) -> "tuple[list[Bundle], list[str], Examples]":
    """Return a bundle for each member, the ids of V if trained here, and what is to be valued."""
    import numpy as np

    from hcdv_stream.bundle.bundle import Bundle
    from hcdv_stream.bundle.training import TrainingOptions
    from hcdv_stream.offline.members import train_members
    from hcdv_stream.offline.progress_bar import training_bar
    from hcdv_stream.offline.valuation import train_own_bundle

    if path is not None:
        return [Bundle.load(path)], [], examples
    options = TrainingOptions(engine=settings.engine(tau=1.0), seed=settings.seed)
    with training_bar() as progress:
        trained, judges = train_own_bundle(examples, label, options, progress)
        trusted = examples.take(judges)
        valued = examples.take(np.setdiff1d(np.arange(len(examples)), judges))
        bundles = [trained]
        if members > 1:
            bundles = train_members(
                trained, trusted, valued, options, members=members, progress=progress
            )
    return bundles, trusted.ids, valued


def _options(
    method: str | None,
    groups: str,
    hierarchy: tuple[str | None, int | None, int | None, list[str] | None],
    **given: Any,
) -> "MethodOptions | None":
    """Return what a method other than TREES is told; refuse what there is not."""
    from hcdv_stream.learners.metrics import METRICS
    from hcdv_stream.learners.named import LEARNERS
    from hcdv_stream.offline.methods import GROUPS, METHODS, MethodOptions

    known: tuple[tuple[str, str | None, Iterable[str]], ...] = (
        ("--method", method, (*TREES, *METHODS)),
        ("--learner", given["learner"], LEARNERS),
        ("--metric", given["metric"], METRICS),
        ("--groups", groups, GROUPS),
    )
    for option, value_given, names in known:
        if value_given is not None and value_given not in names:
            raise HcdvError(f"{option} must be one of {', '.join(names)}, got {value_given!r}")
    if method is None or method in TREES:
        return None
    return MethodOptions(groups=groups, hierarchy=_hierarchy(*hierarchy), **given)


def _hierarchy(
    levels: str | None,
    permutations: int | None,
    leaf_size: int | None,
    interpretation: list[str] | None,
) -> "HierarchyOptions":
    from hcdv_stream.offline.hierarchy_options import HierarchyOptions, chosen

    try:
        counts = tuple(int(part) for part in levels.split(",")) if levels else None
    except ValueError as error:
        raise HcdvError(f"--levels must be numbers K1,K2,..., got {levels!r}") from error
    if counts and min(counts) < 1:
        raise HcdvError(f"--levels must each be at least 1, got {levels!r}")
    options = HierarchyOptions(counts, permutations, leaf_size)
    try:
        return chosen(options, columns.names(interpretation))
    except ValueError as error:
        raise HcdvError(f"--interpretation: {error}") from error


def _valued(
    examples: "Examples",
    bundles: "list[Bundle]",
    settings: Settings,
    method: str | None,
    options: "MethodOptions | None",
) -> "FileValuation":
    from hcdv_stream.offline.members import value_by_members
    from hcdv_stream.offline.methods import value_by
    from hcdv_stream.offline.progress_bar import bar
    from hcdv_stream.offline.valuation import value_examples

    with bar() as shown:
        task = shown.add_task("valuing", total=None if options else len(examples) * len(bundles))

        def progress(done: int) -> None:
            shown.update(task, completed=done)

        if method is not None and options is not None:
            return value_by(method, examples, bundles[0], settings, options, progress=progress)
        full = method == "hcdv-full"
        if len(bundles) > 1:
            return value_by_members(examples, bundles, settings, progress, rebuilt=full)
        return value_examples(examples, bundles[0], settings, progress, rebuilt=full)
