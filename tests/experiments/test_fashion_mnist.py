"""Reading Fashion-MNIST's files."""

import numpy as np
import pytest

from hcdv_stream.experiments.augmentation.fashion_mnist import FOLDER, fashion_images
from hcdv_stream.experiments.common.datasets import DatasetError
from tests.experiments.files import write_fashion


def test_images_are_read_as_they_were_written(tmp_path):
    written = write_fashion(tmp_path, 23)
    pixels, labels = fashion_images(tmp_path, "train")
    assert np.array_equal(pixels, written)
    assert np.array_equal(labels, pixels[:, 0, 0])
    assert labels.dtype == np.int16


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    write_fashion(tmp_path)
    with pytest.raises(DatasetError, match="t10k-labels"):
        fashion_images(tmp_path, "t10k")
    (tmp_path / FOLDER / "train-images-idx3-ubyte.gz").write_bytes(b"not packed")
    with pytest.raises(DatasetError, match="train-images"):
        fashion_images(tmp_path, "train")
