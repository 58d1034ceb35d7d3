"""Every method on a small file."""

import re

import numpy as np
import pytest

from hcdv_stream.bundle.training import TrainingOptions, train_bundle
from hcdv_stream.learners.logistic import Logistic
from hcdv_stream.learners.metrics import balanced_accuracy
from hcdv_stream.learners.task import Task
from hcdv_stream.learners.trained import TrainedUtility
from hcdv_stream.offline.encoding import ValuationError, encode_examples
from hcdv_stream.offline.examples import Examples
from hcdv_stream.offline.hierarchy_options import HierarchyOptions, chosen
from hcdv_stream.offline.methods import METHODS, MethodOptions, value_by
from hcdv_stream.offline.valuation import value_examples
from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.embedding.encoder_training import EncoderOptions
from hcdv_stream.valuation.methods.algorithm1 import algorithm_1
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley
from hcdv_stream.valuation.methods.contrasted_utility import Contrasted
from hcdv_stream.valuation.methods.levels import build_levels
from tests.theory.games import winter

ROWS = 120
OPTIONS = TrainingOptions(stage_one=EncoderOptions(epochs=4, dimensions=4))


def sessions(rows=ROWS, seed=0):
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=rows), generator.normal(size=rows)
    labels = np.where(x + 0.3 * generator.normal(size=rows) > 0.5, "yes", "no").tolist()
    return Examples(
        ids=[f"e{row}" for row in range(rows)],
        labels=labels,
        providers=[f"p{row % 3}" for row in range(rows)],
        timestamps=generator.permutation(rows).astype(np.float64),
        columns={"x": x.tolist(), "y": y.tolist()},
    )


@pytest.fixture(scope="module")
def bundle():
    examples = sessions(500, seed=1)
    return train_bundle(examples.columns, examples.labels, options=OPTIONS).bundle


def valued(bundle, method, examples=None, settings=None, **options):
    chosen = MethodOptions(**{"evaluations": 300, **options})
    return value_by(method, examples or sessions(), bundle, settings or load_settings(), chosen)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_values_every_example(bundle, method):
    groups = "provider" if method == "du-shapley" else "label"
    result = valued(bundle, method, groups=groups, metric="log-loss")
    assert result.table["id"].to_pylist() == sessions().ids
    cut = ["leaf", "path"] if method in ("algorithm1", "owen") else []
    assert result.table.column_names == ["id", "label", "value", "stderr", *cut, "provider"]
    values = result.table["value"].to_numpy()
    assert np.isfinite(values).all()
    assert len(set(values.tolist())) > 1
    again = valued(bundle, method, groups=groups, metric="log-loss")
    assert again.table.equals(result.table)


def few(bundle, rows=7):
    """A file small enough to enumerate, and its game for the logistic learner, with contrast."""
    examples = sessions(40, seed=3).take(np.arange(rows))
    encoded = encode_examples(examples, bundle)
    batch, validation = encoded.batch, bundle.validation
    task = Task(
        batch.embeddings.astype(float),
        batch.labels,
        validation.embeddings.astype(float),
        validation.labels,
        2,
    )
    trained = TrainedUtility(Logistic(task), balanced_accuracy)
    game = Contrasted(trained, batch.embeddings, batch.labels, 2, 0.4)
    levels = build_levels(batch.embeddings, (2, 2))
    return examples, batch.ids, game, levels


HIERARCHY = HierarchyOptions(counts=(2, 2))


@pytest.mark.parametrize("choice", ["players=level", "omega=blend", "leaf=exact", "leaf=uniform"])
def test_algorithm_1_plays_any_learner(bundle, choice):
    """Seven examples: every game is enumerated, and ``algorithm_1`` is held to the text."""
    examples, ids, game, levels = few(bundle)
    hierarchy = chosen(HIERARCHY, [choice])
    result = valued(
        bundle,
        "algorithm1",
        examples,
        load_settings(lam=0.4),
        learner="logistic",
        hierarchy=hierarchy,
        evaluations=None,
    )
    expected = algorithm_1(game, levels, interpretation=hierarchy.interpretation).values
    found = dict(result.table.select(["id", "value"]).to_pandas().to_numpy().tolist())
    np.testing.assert_allclose([found[name] for name in ids], expected, atol=1e-9)
    assert result.residual < 1e-9
    assert result.leaves == levels.size(2)
    assert result.facts["rounds"] == 1
    assert result.facts["parameters"]["levels"] == levels.described


def test_owen_is_the_average_over_the_orders_that_keep_coalitions_together(bundle):
    examples, ids, game, levels = few(bundle)
    settings = load_settings(lam=0.4)
    result = valued(
        bundle,
        "owen",
        examples,
        settings,
        learner="logistic",
        hierarchy=HIERARCHY,
        evaluations=2_000,
    )
    table = result.table.select(["id", "value", "stderr"]).to_pylist()
    found = {row["id"]: (row["value"], row["stderr"]) for row in table}
    values, errors = np.array([found[name] for name in ids]).T
    assert (np.abs(values - winter(game, levels)) <= 4 * errors + 1e-9).all()
    assert result.residual < 1e-9
    paths = set(result.table["path"].to_pylist())
    assert len(paths) == result.leaves
    assert all(re.fullmatch(r"p0-n0/(p0-n[1-9]\d*/)*p0-l\d+", path) for path in paths)


def test_the_ridge_classifier_merges_what_others_spell_out(bundle):
    """Balanced accuracy by merged sketches, and by any metric's way."""
    sketched = valued(bundle, "algorithm1", evaluations=None)
    spelt = valued(bundle, "algorithm1", metric="accuracy", evaluations=None)
    assert sketched.evaluations == spelt.evaluations
    assert sketched.table["path"].equals(spelt.table["path"])
    assert not sketched.table["value"].equals(spelt.table["value"])


def test_more_evaluations_are_more_rounds(bundle):
    interpretation = chosen(HierarchyOptions(counts=(4, 4), permutations=4), ["draws=own"])
    once = valued(bundle, "algorithm1", hierarchy=interpretation, evaluations=None)
    more = valued(bundle, "algorithm1", hierarchy=interpretation, evaluations=4 * once.evaluations)
    assert more.facts["rounds"] > 3
    assert np.mean(more.table["stderr"].to_numpy()) < np.mean(once.table["stderr"].to_numpy())


def test_a_choice_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="must be one of players, scope, omega,"):
        chosen(HIERARCHY, ["size=3"])
    with pytest.raises(ValueError, match="players must be one of siblings, level, got 'all'"):
        chosen(HIERARCHY, ["players=all"])


@pytest.mark.parametrize("learner", ["ridge", "routed-knn", "logistic", "forest", "wide-deep"])
def test_every_learner_can_be_retrained(bundle, learner):
    result = valued(bundle, "group", groups="provider", learner=learner, metric="auc")
    assert result.evaluations == 8 + 2
    names = result.table["provider"].to_pylist()
    values = result.table["value"].to_numpy()
    by_name = {name: {v for n, v in zip(names, values, strict=True) if n == name} for name in names}
    assert all(len(shares) == 1 for shares in by_name.values())


def test_permutations_account_for_the_whole_and_banzhaf_does_not(bundle):
    shapley = valued(bundle, "beta-shapley", evaluations=500)
    assert shapley.residual == pytest.approx(
        abs(sum(shapley.table["value"].to_pylist()) - shapley.total), abs=1e-12
    )
    groups = valued(bundle, "du-shapley", groups="provider", metric="accuracy", evaluations=2_000)
    assert groups.total == valued(bundle, "tmc", metric="accuracy").total
    assert groups.evaluations >= 2_000
    assert valued(bundle, "random").total is None


def test_knn_shapley_is_the_cores(bundle):
    encoded = encode_examples(sessions(), bundle)
    expected = knn_shapley(
        encoded.batch.embeddings, encoded.batch.labels, bundle.validation, 5, np.full(2, 0.5)
    )
    result = valued(bundle, "knn-shapley", settings=load_settings(utility="balanced"))
    got = dict(zip(result.table["id"].to_pylist(), result.table["value"].to_pylist(), strict=True))
    assert [got[name] for name in encoded.batch.ids] == expected.tolist()


def test_the_last_row_of_an_id_counts(bundle):
    examples = sessions()
    late = int(np.argmax(examples.timestamps))
    early = int(np.argmin(examples.timestamps))
    examples.ids[early] = examples.ids[late]
    result = valued(bundle, "loo", examples)
    assert result.replaced == 1
    assert len(result.table) == ROWS - 1
    assert result.evaluations == ROWS
    assert result.table["id"].to_pylist() == [
        name for row, name in enumerate(examples.ids) if row != early
    ]


def test_groups_by_cluster_and_by_provider(bundle):
    clusters = len(set(valued(bundle, "group", groups="cluster").table["value"].to_pylist()))
    assert 1 < clusters <= len(bundle.seed.centroids)
    nobodys = sessions()
    nobodys.providers[:4] = [None] * 4
    result = valued(bundle, "group", nobodys, groups="provider")
    assert len(set(result.table["value"].to_pylist())) <= 3 + 4
    assert result.evaluations == 2**7 + 2


def test_jobs_and_the_clock(bundle):
    one = valued(bundle, "banzhaf", learner="logistic")
    two = valued(bundle, "banzhaf", learner="logistic", jobs=2)
    assert one.table.equals(two.table)
    short = valued(bundle, "banzhaf", evaluations=10**9, seconds=0.0)
    assert short.evaluations == 2 + 2 * 100


def test_a_utility_that_names_no_class_is_refused(bundle):
    with pytest.raises(ValuationError, match="utility names the class 'maybe'"):
        valued(bundle, "knn-shapley", settings=load_settings(utility="class:maybe"))


@pytest.mark.parametrize("game", ["routed", "algorithm1"])
def test_the_whole_tree_rebuilt(bundle, game):
    settings = load_settings(game=game, leaf_size=16, merge_below=4)
    seen = []
    result = value_examples(sessions(), bundle, settings, seen.append, rebuilt=True)
    assert seen == [ROWS]
    assert result.residual < 1e-9
    assert result.leaves >= ROWS / 16
    shuffled = sessions().take(np.random.default_rng(5).permutation(ROWS))
    again = value_examples(shuffled, bundle, settings, rebuilt=True)
    assert dict(
        zip(*again.table.select(["id", "value"]).to_pydict().values(), strict=True)
    ) == dict(zip(*result.table.select(["id", "value"]).to_pydict().values(), strict=True))
