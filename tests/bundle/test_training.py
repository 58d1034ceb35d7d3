from dataclasses import replace

import numpy as np
import pytest
import torch

from hcdv_stream.bundle.errors import TrainingError
from hcdv_stream.bundle.training import TrainingOptions, TrainingProgress, train_bundle
from hcdv_stream.valuation.config import EngineConfig

from .conftest import OPTIONS, ROWS, table


def test_every_row_has_one_use_and_v_is_a_tenth(trained):
    parts = [trained.validation_rows, trained.held_out_rows, trained.fitted_rows]
    assert sorted(np.concatenate(parts).tolist()) == list(range(ROWS))
    assert len(trained.validation_rows) == pytest.approx(ROWS / 10, abs=1)
    assert len(trained.bundle.validation) == len(trained.validation_rows)


def test_v_is_embedded_as_the_worker_would(trained):
    columns, labels = table()
    bundle = trained.bundle
    embedded = bundle.encode_columns(columns)[trained.validation_rows]
    assert embedded.tobytes() == bundle.validation.embeddings.tobytes()
    classes = [bundle.class_of(labels[row]) for row in trained.validation_rows]
    assert classes == bundle.validation.labels.tolist()


def test_what_is_only_in_v_changes_nothing_that_is_learnt(trained):
    columns, labels = table()
    columns["price"] = columns["price"].copy()
    columns["price"][trained.validation_rows] *= 100.0
    again = train_bundle(columns, labels, "bought", OPTIONS).bundle
    assert again.schema == trained.bundle.schema
    assert again.tau == trained.bundle.tau
    learnt, relearnt = trained.bundle.encoder.tensors(), again.encoder.tensors()
    assert all(np.array_equal(learnt[name], relearnt[name]) for name in learnt)
    assert again.seed.centroids.tobytes() == trained.bundle.seed.centroids.tobytes()
    assert again.checksum != trained.bundle.checksum


def test_the_same_input_gives_the_same_bundle_and_another_seed_another(trained):
    columns, labels = table()
    assert train_bundle(columns, labels, "bought", OPTIONS).bundle.checksum == (
        trained.bundle.checksum
    )
    other = train_bundle(columns, labels, "bought", replace(OPTIONS, seed=1)).bundle
    assert other.checksum != trained.bundle.checksum


def test_torchs_generator_is_left_alone():
    columns, labels = table(100)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train_bundle(columns, labels, options=OPTIONS)
    assert torch.equal(torch.rand(3), expected)


def test_the_encoder_separates_the_classes(trained):
    columns, labels = table(seed=1)
    embedded = trained.bundle.encode_columns(columns).astype(np.float64)
    yes = np.array(labels) == "yes"
    within = (embedded[yes] @ embedded[yes].T).mean()
    across = (embedded[yes] @ embedded[~yes].T).mean()
    assert within - across > 0.3


def test_classes_are_sorted_texts_of_whatever_the_labels_are():
    columns, labels = table(100)
    numbered = [label == "yes" for label in labels]
    bundle = train_bundle(columns, numbered, options=OPTIONS).bundle
    assert bundle.classes == ("0", "1")
    assert bundle.class_of(True) == 1


def test_progress_names_the_steps():
    columns, labels = table(100)
    seen: list[TrainingProgress] = []
    train_bundle(columns, labels, options=OPTIONS, progress=seen.append)
    steps = list(dict.fromkeys(each.step for each in seen))
    assert steps == ["features", "encoder", "hierarchy", "doubt"]
    epochs = [each.done for each in seen if each.step == "encoder"]
    assert epochs == list(range(1, len(epochs) + 1))


def test_embeddings_are_taken_as_they_are():
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 3
    rows = generator.normal(size=(200, 4)) + 3.0 * np.eye(4)[labels] + 10.0
    columns = {f"e{i}": rows[:, i] for i in range(4)}
    trained = train_bundle(columns, labels, options=TrainingOptions(encoder="identity"))
    bundle = trained.bundle
    centre = rows[trained.fitted_rows].mean(axis=0)
    expected = rows - centre
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(bundle.encode_columns(columns), expected, atol=1e-5)
    assert bundle.dimensions == 4


def test_v_has_a_limit():
    columns, labels = table(300)
    trained = train_bundle(columns, labels, options=replace(OPTIONS, validation_rows=7))
    assert len(trained.validation_rows) == pytest.approx(7, abs=1)


def test_the_seed_hierarchy_has_leaves_of_the_engines_size():
    columns, labels = table(300)
    small = replace(OPTIONS, engine=EngineConfig(leaf_size=16))
    coarse = train_bundle(columns, labels, options=OPTIONS).bundle.seed
    fine = train_bundle(columns, labels, options=small).bundle.seed
    assert len(fine.centroids) >= 2 * len(coarse.centroids)


@pytest.mark.parametrize(
    ("columns", "labels", "message"),
    [
        ({"a": [1.0] * 20}, ["x"] * 20, "1 class;"),
        ({"a": [1.0] * 20}, ["x"] * 18 + ["y"] * 2, "class 'y' has 2 rows"),
        ({"a": [1.0] * 20}, ["x"] * 19 + [None], "label is missing"),
        ({"a": [1.0] * 20}, ["x", "y"] * 9, "has 20 rows and the labels 18"),
        ({}, ["x", "y"] * 9, "no feature column"),
        ({"a": ["b"] * 20}, ["x", "y"] * 10, "the encoder identity needs"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(columns, labels, message):
    identity = "identity" in message
    options = TrainingOptions(encoder="identity") if identity else OPTIONS
    with pytest.raises(TrainingError, match=message):
        train_bundle(columns, labels, options=options)


def test_a_gap_only_in_v_counts_as_the_mean():
    columns, labels = table(100)
    whole = train_bundle(columns, labels, options=OPTIONS)
    gap = whole.validation_rows[0]
    columns["price"] = columns["price"].copy()
    columns["price"][gap] = np.nan
    trained = train_bundle(columns, labels, options=OPTIONS)
    assert trained.bundle.schema == whole.bundle.schema
    same = np.all(
        trained.bundle.validation.embeddings == whole.bundle.validation.embeddings, axis=1
    )
    assert same.sum() == len(same) - 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"encoder": "magic"},
        {"validation_share": 0.0},
        {"held_out_share": 1.0},
        {"tau_quantile": 1.5},
        {"validation_rows": 0},
    ],
)
def test_options_are_checked(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TrainingOptions(**wrong)


def test_providers_get_models_that_did_not_see_them():
    columns, labels = table(300)
    owners = [f"p{row % 3}" for row in range(300)]
    bundle = train_bundle(columns, labels, options=OPTIONS, providers=owners).bundle
    assert bundle.doubt is not None
    assert set(bundle.doubt.blind_to or ()) == {"p0", "p1", "p2"}
    assert [set(each) for each in bundle.calibration][:1] == [{"doubt", "wrong", "weight"}]


def test_a_bundle_needs_no_doubt_model():
    columns, labels = table(200)
    assert train_bundle(columns, labels, options=replace(OPTIONS, doubt=False)).bundle.doubt is None
