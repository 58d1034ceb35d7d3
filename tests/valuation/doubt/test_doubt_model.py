"""The doubt model: frozen arrays answer as the fitted models did, a row alone as in a batch."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from hcdv_stream.valuation.doubt import doubt_training, model_fitting
from hcdv_stream.valuation.doubt.doubt_training import learning_weights, train_doubt
from hcdv_stream.valuation.doubt.folds import blind_fold, provider_folds, stratified_folds
from hcdv_stream.valuation.doubt.labelled_matrix import LabelledMatrix
from hcdv_stream.valuation.doubt.model import LEAST_PROBABILITY
from hcdv_stream.valuation.doubt.model_fitting import fit_models

NOBODY = LabelledMatrix(np.zeros((0, 6), np.float32), np.zeros(0, np.int16))


def world(classes=2, rows=600, seed=0, wrong=0.1):
    """Rows whose class two columns decide, some labels wrong, and clean ones of the same kind."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(scale=3.0, size=(classes, 6))
    truth = generator.integers(0, classes, rows)
    matrix = (centres[truth] + generator.normal(size=(rows, 6))).astype(np.float32)
    flipped = generator.random(rows) < wrong
    labels = np.where(flipped, (truth + 1) % classes, truth).astype(np.int16)
    third = rows // 3
    examples = LabelledMatrix(matrix[third:], labels[third:])
    return examples, LabelledMatrix(matrix[:third], truth[:third].astype(np.int16)), flipped[third:]


@pytest.mark.parametrize("classes", [2, 3])
def test_frozen_models_answer_as_fitted_ones(classes):
    examples, other, _ = world(classes)
    fitted = fit_models(examples, classes, 7).models
    fitted.check(6, classes)
    codes, alike = examples.labels.astype(np.int64), np.ones(len(examples.labels))
    forest = ExtraTreesClassifier(
        100, bootstrap=True, min_samples_leaf=5, max_features=3, random_state=7
    ).fit(examples.rows, codes, alike)
    boosting = HistGradientBoostingClassifier(
        max_iter=40, max_leaf_nodes=15, l2_regularization=1.0, early_stopping=False, random_state=7
    ).fit(examples.rows, codes)
    found = fitted.probabilities(other.rows)
    for mine, theirs in ((found[0], forest), (found[2], boosting)):
        expected = np.clip(
            theirs.predict_proba(other.rows), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY
        )
        np.testing.assert_allclose(mine, expected, atol=2e-6)
    linear = fitted.linear
    wide = (other.rows - linear.centre) / linear.scale
    scores = wide @ np.ldexp(linear.coefficients.astype(float), -20) + linear.intercepts
    np.testing.assert_allclose(linear.scores(other.rows), scores, atol=2e-2)
    assert fitted.names == ("trees", "logistic", "boosting")


@pytest.mark.parametrize("classes", [2, 3])
def test_a_row_alone_gets_the_bits_that_it_gets_in_a_batch(classes):
    examples, other, _ = world(classes)
    model = train_doubt(examples, other, classes, seed=1).model
    whole = model.doubts(other.rows, other.labels)
    for row in range(0, len(other.labels), 17):
        one = model.doubts(other.rows[row : row + 1], other.labels[row : row + 1])
        assert one.doubt[0] == whole.doubt[row]
        assert one.suggested[0] == whole.suggested[row]
        assert one.support.tobytes() == whole.support[row].tobytes()
    strided = np.repeat(other.rows, 2, axis=0)[::2]
    assert model.doubts(strided, other.labels).doubt.tobytes() == whole.doubt.tobytes()
    nothing = model.doubts(other.rows[:0], other.labels[:0])
    assert nothing.doubt.shape == (0,)


def test_the_same_seed_gives_the_same_doubts():
    examples, trusted, _ = world()
    one, two = (train_doubt(examples, trusted, 2, seed=3) for _ in range(2))
    assert one.doubts.doubt.tobytes() == two.doubts.doubt.tobytes()
    other = train_doubt(examples, trusted, 2, seed=4)
    assert one.doubts.doubt.tobytes() != other.doubts.doubt.tobytes()


@pytest.mark.parametrize("classes", [2, 4])
def test_wrong_labels_are_doubted_and_the_right_one_is_suggested(classes):
    examples, trusted, wrong = world(classes, rows=900)
    found = train_doubt(examples, trusted, classes, seed=0)
    assert found.model.evidence == "validation"
    assert roc_auc_score(wrong, found.doubts.doubt) > 0.95
    right = (examples.labels[wrong] - 1) % classes
    assert (found.doubts.suggested[wrong] == right).mean() > 0.9
    assert (found.doubts.suggested != examples.labels).all()
    assert found.doubts.doubt.mean() == pytest.approx(wrong.mean(), abs=0.05)
    assert found.curve is not None
    assert found.metrics["calibration_error"] < 0.1


def test_without_v_the_examples_are_all_the_evidence():
    examples, _, wrong = world()
    found = train_doubt(examples, NOBODY, 2, seed=0)
    assert found.model.evidence == "examples"
    assert found.curve is None
    assert roc_auc_score(wrong, found.doubts.doubt) > 0.9


def test_doubts_of_a_provider_come_from_models_that_did_not_see_it(monkeypatch):
    examples, trusted, _ = world(rows=300)
    providers = [f"p{number % 3}" if number % 4 else None for number in range(200)]
    marked = examples.rows.copy()
    marked[:, 5] = np.arange(200)  # a column that tells rows apart
    seen = []

    def spy(table, classes, seed, **options):
        seen.append(set(table.rows[:, 5].astype(int).tolist()))
        return fit_models(table, classes, seed, **options)

    monkeypatch.setattr(doubt_training, "fit_models", spy)
    none = LabelledMatrix(trusted.rows[:0], trusted.labels[:0])
    found = train_doubt(
        LabelledMatrix(marked, examples.labels), none, 2, seed=0, providers=providers
    )
    places = found.model.blind_to
    assert places is not None
    assert set(places) == {"p0", "p1", "p2"}
    for name, place in places.items():
        theirs = {row for row, owner in enumerate(providers) if owner == name}
        assert not theirs & seen[1 + place]
    assert seen[0] == set(range(200))
    labels = examples.labels
    sighted = found.model.doubts(marked, labels)
    blind = found.model.doubts(marked, labels, providers)
    anonymous = np.array([name is None for name in providers])
    assert blind.doubt[anonymous].tobytes() == sighted.doubt[anonymous].tobytes()
    assert found.model.sharpness.tolist() == [1.0] * 5  # without V nothing tells sharpness
    alone = replace(found.model, models=found.model.blind[places["p1"]], blind=(), blind_to=None)
    mine = np.array([name == "p1" for name in providers])
    assert blind.doubt[mine].tobytes() == alone.doubts(marked, labels).doubt[mine].tobytes()


def test_folds_keep_providers_together_and_classes_apart():
    generator = np.random.default_rng(0)
    labels = np.arange(1000, dtype=np.int16) % 3
    folds = stratified_folds(labels, generator)
    for label in range(3):
        counts = np.bincount(folds[labels == label])
        assert counts.max() - counts.min() <= 1
    providers = [f"p{number % 7}" for number in range(1000)]
    grouped = provider_folds(labels, providers, generator)
    assert set(blind_fold(providers, grouped)) == set(providers)
    assert set(grouped.tolist()) == set(range(5))
    one = provider_folds(labels, ["p"] * 1000, generator)
    assert set(one.tolist()) == set(range(5))
    assert blind_fold(["p"] * 1000, one) == {}


@pytest.mark.parametrize("classes", [2, 3])
def test_a_class_that_one_provider_alone_has_is_not_taken_for_wrong(classes):
    """Nobody else knows it: its provider's rows are doubted by models that saw others of them."""
    examples, _, _ = world(classes, rows=450, wrong=0.0)
    owners = [f"p{label}" for label in examples.labels.tolist()]
    found = train_doubt(examples, NOBODY, classes, seed=0, providers=owners)
    assert found.doubts.doubt.max() < 0.5
    assert found.model.blind_to is None
    mixed = [f"q{row % 4}" if owner == "p0" else owner for row, owner in enumerate(owners)]
    found = train_doubt(examples, NOBODY, classes, seed=0, providers=mixed)
    assert found.doubts.doubt.max() < 0.5
    assert set(found.model.blind_to or ()) == {"q0", "q1", "q2", "q3"}


def test_no_fold_holds_nearly_all_of_a_class():
    """Two small providers that share a rare class must not land in one fold."""
    labels = np.zeros(500, np.int16)
    labels[:40] = 1
    providers = [f"p{row % 2}" if row < 40 else f"q{row % 5}" for row in range(500)]
    folds = provider_folds(labels, providers, np.random.default_rng(0))
    assert set(blind_fold(providers, folds)) == {*(f"q{n}" for n in range(5)), "p0", "p1"}
    assert len(set(folds[:40].tolist())) == 2


def test_the_model_knows_what_it_has_learned_from():
    examples, trusted, _ = world(rows=300)
    prints = np.random.default_rng(3).integers(1, 2**63, 300).astype(np.uint64)
    model = train_doubt(examples, trusted, 2, seed=0, prints=prints).model
    nobody = [None] * 300
    assert model.seen(prints, nobody).all()
    assert not model.seen(prints ^ np.uint64(1), nobody).any()
    assert not train_doubt(examples, trusted, 2, seed=0).model.seen(prints, nobody).any()
    owners = [f"p{row % 3}" if row % 2 else None for row in range(200)]
    model = train_doubt(examples, trusted, 2, seed=0, providers=owners, prints=prints).model
    assert model.seen(prints[:200], owners).tolist() == [owner is None for owner in owners]


def test_models_do_not_learn_from_labels_that_a_first_look_does_not_believe():
    examples, trusted, wrong = world(rows=450)
    both = LabelledMatrix(
        np.concatenate([examples.rows, trusted.rows]),
        np.concatenate([examples.labels, trusted.labels]),
    )
    found = learning_weights(both, 300, 2, 0)
    assert (found[300:] == doubt_training.TRUSTED_WEIGHT).all()
    assert set(found[:300].tolist()) == {0.0, 1.0}
    assert found[:300][wrong].mean() < 0.3
    assert found[:300][~wrong].mean() > 0.95
    assert (learning_weights(examples, 300, 2, 0) == 1.0).all()  # no V tells how many are wrong


def test_a_class_that_a_first_look_does_not_believe_in_is_learned_from_nevertheless():
    examples, trusted, _ = world(rows=450)
    labels = examples.labels.copy()
    labels[:3] = 2
    both = LabelledMatrix(
        np.concatenate([examples.rows, trusted.rows]), np.concatenate([labels, trusted.labels])
    )
    assert (learning_weights(both, 300, 3, 0)[:3] == 1.0).all()
    found = train_doubt(LabelledMatrix(examples.rows, labels), trusted, 3, seed=0)
    assert np.isfinite(found.doubts.doubt).all()


def test_many_rows_are_thinned_out(monkeypatch):
    monkeypatch.setattr(model_fitting, "MOST_ROWS", 100)
    examples, trusted, wrong = world(rows=900)
    found = train_doubt(examples, trusted, 2, seed=0)
    assert roc_auc_score(wrong, found.doubts.doubt) > 0.9


def test_rows_that_do_not_fit():
    examples, trusted, _ = world(rows=120)
    model = train_doubt(examples, trusted, 2, seed=0).model
    with pytest.raises(ValueError, match="takes rows of 6 columns, got shape"):
        model.doubts(examples.rows[:, :5], examples.labels)
    with pytest.raises(ValueError, match="labels must be from 0 to 1"):
        model.doubts(examples.rows[:1], np.array([2], np.int16))


def test_a_class_of_which_no_row_is_believed_is_fitted_all_the_same():
    generator = np.random.default_rng(5)
    rows = generator.normal(size=(60, 4)).astype(np.float32)
    labels = np.repeat([0, 1, 2], [28, 28, 4]).astype(np.int16)
    weights = np.where(labels == 2, 0.0, 1.0)
    table = LabelledMatrix(rows, labels)
    found = fit_models(table, 3, seed=0, weights=weights).models.probabilities(rows)
    believed = fit_models(table, 3, seed=0, weights=np.ones(60)).models.probabilities(rows)
    np.testing.assert_array_equal(found, believed)


@pytest.mark.parametrize("singletons", [2, 6])
def test_rare_classes_that_others_surround_are_doubted_not_refused(singletons):
    generator = np.random.default_rng(7)
    rows = generator.normal(size=(200, 4)).astype(np.float32)
    labels = generator.integers(0, 2, 200).astype(np.int16)
    labels[:singletons] = np.arange(2, 2 + singletons)
    trusted = np.concatenate([generator.integers(0, 2, 40), [2]]).astype(np.int16)
    checked = LabelledMatrix(generator.normal(size=(41, 4)).astype(np.float32), trusted)
    found = train_doubt(LabelledMatrix(rows, labels), checked, 2 + singletons, seed=0)
    assert np.isfinite(found.doubts.doubt).all()
