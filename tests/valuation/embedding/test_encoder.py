from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.embedding.encoder import CHUNK, Encoder
from hcdv_stream.valuation.embedding.perceptron import Perceptron, layers_of

WIDTH, DIMENSIONS, ROWS = 37, 16, 400
GENERATOR = np.random.default_rng(0)
INPUT = GENERATOR.normal(size=(ROWS, WIDTH)).astype(np.float32)


def contrastive() -> Encoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = layers_of(WIDTH, (64, 32), DIMENSIONS)
    return Encoder(
        Perceptron(network), GENERATOR.normal(scale=0.1, size=DIMENSIONS).astype(np.float32)
    )


ENCODER = contrastive()


@given(
    st.integers(0, 10**12),
    st.lists(st.integers(0, ROWS), max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_however_the_log_is_cut_the_bytes_are_the_same(offset, cuts):
    positions = offset + np.arange(ROWS)
    whole = ENCODER.embed(INPUT, positions)
    edges = [0, *sorted(cuts), ROWS]
    parts = [
        ENCODER.embed(INPUT[start:stop], positions[start:stop]) for start, stop in pairwise(edges)
    ]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


@given(st.sets(st.integers(0, ROWS - 1), min_size=1), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_gaps_and_order_do_not_matter(kept, random):
    order = np.array(random.sample(sorted(kept), len(kept)))
    whole = ENCODER.embed(INPUT, np.arange(ROWS))
    assert ENCODER.embed(INPUT[order], order).tobytes() == whole[order].tobytes()


def test_positions_may_repeat():
    positions = np.array([5, 5, 5 + CHUNK, 5])
    found = ENCODER.embed(INPUT[[7, 7, 7, 8]], positions)
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()
    assert found[3].tobytes() == ENCODER.embed(INPUT[[8]], np.array([5])).tobytes()


def test_embeddings_are_the_networks_centred_and_of_unit_length():
    found = ENCODER.embed(INPUT, np.arange(ROWS))
    expected = ENCODER._network(INPUT) - ENCODER.centre
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_no_rows():
    assert ENCODER.embed(INPUT[:0], np.arange(0)).shape == (0, DIMENSIONS)


@pytest.mark.parametrize("shape", [(3, WIDTH + 1), (2, WIDTH), (WIDTH,)])
def test_shapes_are_checked(shape):
    with pytest.raises(ValueError, match="rows of 37 columns"):
        ENCODER.embed(np.zeros(shape, np.float32), np.arange(3))


def test_the_identity_subtracts_the_centre():
    encoder = Encoder(None, np.array([1.0, 0.0], np.float32))
    rows = np.array([[1.0, 2.0], [4.0, 4.0], [1.0, 0.0]], np.float32)
    expected = [[0.0, 1.0], [0.6, 0.8], [0.0, 0.0]]
    np.testing.assert_allclose(encoder.embed(rows, np.arange(3)), expected, atol=1e-6)
    assert encoder.width == 2


@pytest.mark.parametrize("encoder", [ENCODER, Encoder(None, np.ones(WIDTH, np.float32))])
def test_tensors_rebuild_the_same_encoder(encoder):
    again = Encoder.from_tensors(encoder.tensors())
    positions = np.arange(ROWS)
    assert again.embed(INPUT, positions).tobytes() == encoder.embed(INPUT, positions).tobytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tensors: tensors.pop("centre"),
        lambda tensors: tensors.update(centre=np.zeros(3, np.float32)),
        lambda tensors: tensors.pop("network.2.weight"),
        lambda tensors: tensors.update({"network.2.weight": np.zeros((5, 5), np.float32)}),
    ],
)
def test_tensors_that_do_not_fit_are_refused(spoil):
    tensors = ENCODER.tensors()
    spoil(tensors)
    with pytest.raises(ValueError, match="encoder's"):
        Encoder.from_tensors(tensors)
