from itertools import combinations

import numpy as np
import pytest
import torch

from hcdv_stream.valuation.embedding.encoder_training import (
    EncoderOptions,
    LabelledRows,
    contrast,
    roughness,
    train_encoder,
)
from hcdv_stream.valuation.embedding.perceptron import layers_of


def blobs(rows, seed, noise=0.0):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 2, rows)
    inputs = generator.normal(size=(rows, 12)) + 1.0 * truth[:, None]
    flipped = generator.random(rows) < noise
    labels = np.where(flipped, 1 - truth, truth).astype(np.int16)
    return LabelledRows(inputs.astype(np.float32), labels), flipped


def test_contrast_is_the_mean_over_cross_label_pairs():
    generator = torch.Generator().manual_seed(0)
    embedded = torch.randn(17, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 3, (17,), generator=generator)
    units = torch.nn.functional.normalize(embedded - embedded.mean(0))
    pairs = [
        1.0 - float(units[i] @ units[j])
        for i, j in combinations(range(17), 2)
        if labels[i] != labels[j]
    ]
    assert float(contrast(embedded, labels, 3)) == pytest.approx(np.mean(pairs), abs=1e-12)


def test_contrast_of_a_single_class_is_zero():
    assert float(contrast(torch.randn(4, 3), torch.zeros(4, dtype=torch.int64), 2)) == 0.0


def test_roughness_is_the_squared_input_gradient():
    torch.manual_seed(0)
    network = layers_of(4, (8,), 3).double()
    rows, centre = torch.randn(6, 4).double(), torch.zeros(3).double()
    torch.manual_seed(1)
    found = float(roughness(network, rows, centre).detach())
    torch.manual_seed(1)
    order = torch.randperm(6)
    step, total = 1e-6, 0.0

    def distance(left, right):
        return 1.0 - float(torch.cosine_similarity(network(left), network(right), dim=0))

    with torch.no_grad():
        for left, right in zip(rows, rows[order], strict=True):
            for axis in torch.eye(4).double() * step:
                total += ((distance(left + axis, right) - distance(left - axis, right)) / 2) ** 2
                total += ((distance(left, right + axis) - distance(left, right - axis)) / 2) ** 2
    assert found == pytest.approx(total / step**2 / 6, rel=1e-4)


def test_smoothness_lowers_roughness():
    training, _ = blobs(600, 0)
    held, _ = blobs(200, 1)
    found = []
    for smoothness in (0.0, 20.0):
        options = EncoderOptions(epochs=6, patience=6, smoothness=smoothness)
        encoder = train_encoder(training, held, 2, options, seed=0).encoder
        torch.manual_seed(0)
        rows, centre = torch.from_numpy(held.rows), torch.from_numpy(encoder.centre)
        found.append(float(roughness(encoder._network._layers, rows, centre).detach()))
    rough, smooth = found
    assert 0.0 < smooth < 0.75 * rough


def test_it_does_not_learn_the_flips_by_heart():
    training, flipped = blobs(1500, 2, noise=0.1)
    held, _ = blobs(400, 3, noise=0.1)
    trained = train_encoder(training, held, 2, EncoderOptions(), seed=0)
    embedded = trained.encoder.embed(training.rows, np.arange(1500)).astype(np.float64)
    centres = np.stack([embedded[training.labels == label].mean(axis=0) for label in (0, 1)])
    said = (embedded @ centres.T).argmax(axis=1)
    assert (said[~flipped] == training.labels[~flipped]).mean() > 0.9
    assert (said[flipped] == training.labels[flipped]).mean() < 0.1


def test_training_stops_when_nothing_is_gained_and_keeps_the_best_epoch():
    training, _ = blobs(400, 4, noise=0.3)
    held, _ = blobs(200, 5, noise=0.3)
    losses = []
    options = EncoderOptions(epochs=60, patience=3)
    trained = train_encoder(
        training, held, 2, options, seed=0, progress=lambda epoch: losses.append(epoch.loss)
    )
    metrics = trained.metrics
    assert metrics["epochs"] == len(losses) < 60
    assert metrics["best_epoch"] == len(losses) - 3
    assert metrics["loss"] == min(losses) == losses[int(metrics["best_epoch"]) - 1]


def test_a_rare_class_counts_as_much():
    generator = np.random.default_rng(0)
    labels = (np.arange(2000) % 20 == 0).astype(np.int16)
    rows = (generator.normal(size=(2000, 6)) + 1.5 * labels[:, None]).astype(np.float32)
    table = LabelledRows(rows[:1500], labels[:1500]), LabelledRows(rows[1500:], labels[1500:])
    options = EncoderOptions(contrast=0.0)
    metrics = train_encoder(*table, 2, options, seed=0).metrics
    assert metrics["balanced_accuracy"] > 0.9


@pytest.mark.parametrize(
    "wrong",
    [
        {"dimensions": 0},
        {"epochs": 0},
        {"patience": 0},
        {"batch": 0},
        {"contrast": -1.0},
        {"smoothness": float("inf")},
        {"learning_rate": 0.0},
    ],
)
def test_options_are_checked(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        EncoderOptions(**wrong)
