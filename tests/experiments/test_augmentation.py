"""The augmentation experiment on made-up images, and what it is built from."""

from dataclasses import replace

import numpy as np
import orjson
import pytest

from hcdv_stream.experiments.augmentation import picture, report
from hcdv_stream.experiments.augmentation import run as augmentation
from hcdv_stream.experiments.augmentation.classifier import ConvNet
from hcdv_stream.experiments.augmentation.fashion_mnist import CLASSES, SIDE
from hcdv_stream.experiments.augmentation.generator import generated
from hcdv_stream.experiments.augmentation.pool import KINDS, Labelled, candidates
from hcdv_stream.experiments.augmentation.transforms import TRANSFORMS, cut_out, recoloured, turned
from hcdv_stream.experiments.augmentation.trial import SMALL, Trial
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from tests.experiments.files import write_fashion


def pictures(count, seed):
    """Return noisy copies of ten shapes, by class."""
    generator = np.random.default_rng(seed)
    shapes = np.random.default_rng(0).random((len(CLASSES), SIDE, SIDE)) < 0.3
    labels = (np.arange(count) % len(CLASSES)).astype(np.int16)
    images = 0.7 * shapes[labels] + 0.3 * generator.random((count, SIDE, SIDE))
    return Labelled(images.astype(np.float32), labels)


@pytest.fixture(scope="module")
def trial():
    return Trial.of(pictures(1_600, 1), 0, SMALL)


@pytest.fixture(scope="module")
def outcome(trial):
    return augmentation.outcome(trial, pictures(100, 2))


@pytest.mark.parametrize("name", [*TRANSFORMS])
def test_transforms_change_every_image_and_stay_in_range(name):
    images = pictures(20, 1).images
    changed = TRANSFORMS[name](images, np.random.default_rng(0))
    assert changed.shape == images.shape
    assert changed.dtype == np.float32
    assert changed.min() >= 0.0
    assert changed.max() <= 1.0
    assert (changed != images).any(axis=(1, 2)).all()


def test_a_cutout_blackens_one_square():
    images = np.ones((5, SIDE, SIDE), np.float32)
    blackened = cut_out(images, np.random.default_rng(0)) == 0.0
    assert blackened.sum(axis=(1, 2)).tolist() == [64] * 5
    assert blackened.any(axis=1).sum(axis=1).tolist() == [8] * 5


def test_a_turned_disc_keeps_its_mass_and_moves_a_tenth_at_most():
    places = np.arange(SIDE) - (SIDE - 1) / 2
    disc = (np.hypot(*np.meshgrid(places, places)) < 6).astype(np.float32)
    found = turned(np.repeat(disc[None], 10, axis=0), np.random.default_rng(0))
    assert found.sum(axis=(1, 2)) == pytest.approx(np.full(10, disc.sum()), rel=0.02)
    middle = (found * places).sum(axis=(1, 2)) / found.sum(axis=(1, 2))
    assert 0.2 < np.abs(middle).max() < 0.1 * SIDE + 0.1


def test_recolouring_keeps_the_order_of_grey_levels():
    images = np.linspace(0.0, 0.5, SIDE * SIDE, dtype=np.float32).reshape(1, SIDE, SIDE)
    changed = recoloured(np.repeat(images, 10, axis=0), np.random.default_rng(0))
    assert (np.diff(changed.reshape(10, -1), axis=1) >= 0.0).all()
    factors = changed.mean(axis=(1, 2)) / images.mean()
    assert factors.min() >= 0.69
    assert factors.max() <= 1.32
    assert np.ptp(factors) > 0.1


def test_the_generator_draws_the_class_that_is_wanted_and_no_image_twice():
    known = pictures(400, 2)
    wanted = np.repeat(np.arange(len(CLASSES)), 5).astype(np.int16)
    made = generated(known.images, known.labels, wanted, seed=0, epochs=12)
    means = np.stack([known.images[known.labels == k].mean(axis=0) for k in range(len(CLASSES))])
    apart = ((made[:, None] - means[None]) ** 2).sum(axis=(2, 3))
    assert (apart.argmin(axis=1) == wanted).mean() > 0.9
    assert len(np.unique(made, axis=0)) == len(wanted)


def test_the_convnet_learns_and_repeats_itself():
    train, test = pictures(300, 3), pictures(100, 4)
    first = ConvNet.fit(train.images, train.labels, len(CLASSES), 0, 3)
    assert first.accuracy(test.images, test.labels) > 0.9
    again = ConvNet.fit(train.images, train.labels, len(CLASSES), 0, 3)
    assert np.array_equal(first.predict(test.images), again.predict(test.images))


def test_candidates_are_as_many_of_each_kind_shuffled_and_balanced_where_drawn():
    originals = pictures(200, 5)
    found = candidates(originals, pictures(100, 6), 50, 0)
    kinds = np.array(found.kinds)
    assert {kind: int((kinds == kind).sum()) for kind in KINDS} == dict.fromkeys(KINDS, 50)
    assert len(set(kinds[:50].tolist())) == len(KINDS)
    drawn = found.made.labels[kinds == "generated"]
    assert np.bincount(drawn).tolist() == [5] * len(CLASSES)
    nearest = [
        originals.labels[((originals.images - image) ** 2).sum(axis=(1, 2)).argmin()]
        for image in found.made.images[kinds == "cutout"]
    ]
    assert np.array_equal(nearest, found.made.labels[kinds == "cutout"])


def test_slices_of_a_ranking_are_disjoint_and_in_order(trial):
    slices = augmentation._slices(trial, np.random.default_rng(0))
    ranked = [slices[f"HCDV {part}"] for part in ("top", "mid", "bottom")]
    assert len(np.unique(np.concatenate(ranked))) == 3 * SMALL.slice
    means = [trial.values["HCDV"][rows].mean() for rows in ranked]
    assert means == sorted(means, reverse=True)
    assert {len(rows) for rows in slices.values()} == {SMALL.slice}


def test_values_add_up_over_originals_and_candidates(trial):
    count = len(trial.pool)
    assert trial.streamed.values.shape == (count,)
    assert len(trial.streamed.leaves) == count
    assert all(values.shape == (len(trial.kinds),) for values in trial.values.values())
    assert np.array_equal(trial.streamed.values[trial.first :], trial.values["HCDV"])
    assert 0.0 < trial.streamed.values.sum() <= 1.0 + 2 * 0.1


def test_an_outcome_says_what_slices_are_made_of_and_train(outcome):
    size = SMALL.slice
    for found in outcome["slices"].values():
        assert sum(found["counts"]) == sum(found["kinds"].values()) == size
        assert len(found["accuracy"]) == SMALL.initialisations
        assert all(0.0 <= found[share] <= 1.0 for share in ("overlap", "beyond", "recognised"))


def test_tables_come_from_json(outcome):
    stored = orjson.loads(orjson.dumps({"runs": [outcome, outcome]}))
    tables = report.tables(stored)
    assert len(tables) == 5
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    text = "\n".join(table.markdown() for table in tables)
    assert "+2.8" in text


def test_the_picture_frames_what_is_not_recognised(trial):
    axes = picture.picture(trial).axes
    assert len(axes) == 2 * len(KINDS)
    shown = sum(len(ax.patches) for ax in axes)
    assert shown > 0
    nothing_bad = replace(trial, recognised=np.ones(len(trial.pool), np.bool_))
    assert not any(ax.patches for ax in picture.picture(nothing_bad).axes)


def test_paired_differences_and_their_error_by_hand():
    accuracy = {"a": [0.5, 0.7], "b": [0.4, 0.4]}
    runs = [{"slices": {name: {"accuracy": found} for name, found in accuracy.items()}}]
    assert report._paired(runs, "a", "b") == "+20.00 ± 10.00"


def test_it_runs_from_files(tmp_path):
    write_fashion(tmp_path, 1_700)
    write_fashion(tmp_path, 50, "t10k")
    result = augmentation.run(ExperimentOptions(tmp_path, 1, small=True), Silent())
    assert [run["seed"] for run in result["runs"]] == [0]
