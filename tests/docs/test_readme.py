"""The figures in the README are those of the results that lie beside it."""

from statistics import mean

import orjson

from tests.repository import ROOT


def result(name):
    return orjson.loads((ROOT / "docs" / "results" / f"{name}.json").read_bytes())


def milliseconds(seconds):
    return f"{1e3 * seconds:.0f} ms"


def wrong_labels(methods):
    """What doubt reaches, and the best of the rivals in each measure."""
    rivals = [name for name in methods if name not in {"doubt", "doubt, frozen", "value"}]
    ours, theirs = [], []
    for measure in ("auroc", "ap"):
        ours.append(f"{methods['doubt'][measure]['mean']:.3f}")
        theirs.append(f"{max(methods[name][measure]['mean'] for name in rivals):.3f}")
    return f"{' and '.join(ours)}; {' and '.join(theirs)}"


def figures():
    """Each row of the README's table: what it says, by the result that it is from."""
    sizes = {each["samples"]: each["wall_seconds"] for each in result("scaling")["sizes"]}
    latency, load = result("latency"), result("api-load")
    update = latency["mini_batches"]["wall_seconds"]
    knn = [run["methods"]["knn-shapley"] for run in result("rivals")["runs"]]
    found = [run["methods"]["hcdv"]["ours"]["auc"] for run in result("rivals")["runs"]]
    least = {who: min(run[who]["times_slower"] for run in knn) for who in ("pydvl", "opendataval")}
    slowed = load["worker_loaded_seconds"]["p99"] / load["worker_alone_seconds"]["p99"]
    yield "scaling", f"{sizes[10_000]:.2f} s"
    yield "scaling", f"{sizes[1_000_000]:.0f} s"
    yield "latency", f"p50 {milliseconds(update['p50'])}, p99 {milliseconds(update['p99'])}"
    yield "latency", f"{latency['worker']['worker']['records_per_second']:,.0f} sessions a second"
    yield "api-load", f"p99 {milliseconds(load['read_seconds']['p99'])}"
    yield "api-load", f"{load['wrong']} of {load['checked']:,}"
    yield "api-load", f"{slowed:.2f} times"
    yield "heavy-reads", f"p99 {milliseconds(result('heavy-reads')['beside_seconds']['p99'])}"
    flat = all(slope["flat"] for slope in result("soak")["slopes"].values())
    yield "soak", "none that noise does not explain" if flat else "grows"
    (drawn,) = (
        kind for kind in result("coverage")["summary"] if kind.endswith("the bundle's tree")
    )
    sets = result("coverage")["summary"][drawn].values()
    held = [each["stderr"]["coverage"]["mean"] for each in sets]
    yield "coverage", f"{min(held):.2f} to {max(held):.2f}"
    markets = [each for each in result("marketplace")["markets"] if each["sellers"] == 5]
    paid = [
        sum(each["by"]["AUC"]["methods"][way]["pearson"] for each in markets) / len(markets)
        for way in ("default weights", "payout weights")
    ]
    yield "marketplace", f"{paid[0]:.2f}, {paid[1]:.2f}"
    changed = [run for run in result("drift")["runs"] if run["report"] and run["changed"] == 1.0]
    dead = [
        sum(run["ways"][way]["dead"] for run in changed) / len(changed)
        for way in ("V frozen", "V moving, young peers")
    ]
    yield "drift", f"{dead[0]:.2f}, {dead[1]:.2f}"
    yield "rivals", f"{least['pydvl']:.0f} and {least['opendataval']:.0f} times faster"
    yield "label-errors", wrong_labels(result("label-errors")["summary"]["all"])
    yield "rivals", f"{sum(found) / len(found):.3f}"
    claims = result("selection")["summary"]["claims"]
    clean, wrong = (
        mean(each["mean"] for each in claims[kind]["above random"].values())
        for kind in ("clean", "wrong labels")
    )
    yield "selection", f"{clean:.1f} and {wrong:.1f} points"


def test_every_figure_is_that_of_its_experiment():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Measured\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    told = [row for row in rows if not set(row) <= set("|- ")]
    expected = list(figures())
    assert len(told) == len(expected)
    for row, (name, figure) in zip(told, expected, strict=True):
        assert f"`{name}`" in row
        assert figure in row
