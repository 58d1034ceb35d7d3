"""A small ConvNet: two convolutions and a hidden layer, trained in seconds on one core."""

from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from hcdv_stream.experiments.augmentation.fashion_mnist import Labels
from hcdv_stream.experiments.augmentation.training import train
from hcdv_stream.experiments.augmentation.transforms import Images
from hcdv_stream.valuation.embedding.perceptron import use_one_thread

BATCH = 32
PEAK_RATE = 4e-3
ANSWERED = 500
"""Images that are classified at once."""


def _network(side: int, classes: int) -> nn.Module:
    seen = -(-side // 2) // 2
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * seen * seen, 128), nn.ReLU(), nn.Linear(128, classes),
    )  # fmt: skip


class ConvNet:
    """A trained classifier of images (n, side, side)."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network

    @classmethod
    def fit(cls, images: Images, labels: Labels, classes: int, seed: int, epochs: int) -> Self:
        """Train; the same input and seed give the same model."""
        use_one_thread()
        draws = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = _network(images.shape[1], classes)
        inputs = torch.from_numpy(images)[:, None]
        targets = torch.from_numpy(labels.astype(np.int64))

        def loss_of(rows: torch.Tensor) -> torch.Tensor:
            return nn.functional.cross_entropy(network(inputs[rows]), targets[rows])

        train(network, loss_of, len(inputs), draws, batch=BATCH, peak_rate=PEAK_RATE, epochs=epochs)
        return cls(network)

    def predict(self, images: Images) -> npt.NDArray[np.int64]:
        """Return the most probable class of each image, (n,)."""
        with torch.inference_mode():
            parts = torch.split(torch.from_numpy(images)[:, None], ANSWERED)
            found: npt.NDArray[np.int64] = torch.cat(
                [self._network(part).argmax(dim=1) for part in parts]
            ).numpy()
        return found

    def accuracy(self, images: Images, labels: Labels) -> float:
        """Return the share of images whose class is right."""
        return float((self.predict(images) == labels).mean())
