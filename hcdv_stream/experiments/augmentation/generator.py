"""A small generator of images by class: a variational auto-encoder that is told the class.

Sohn, Lee and Yan, "Learning Structured Output Representation using Deep Conditional Generative
Models", 2015. New images are not drawn from the prior, which the codes of a class fill unevenly,
but from a normal distribution fitted to each class's codes afterwards (Ghosh et al., "From
Variational to Deterministic Autoencoders", 2020): far more of them are then recognised as theirs.
"""

import numpy as np
import torch
from torch import nn

from hcdv_stream.experiments.augmentation.fashion_mnist import Labels
from hcdv_stream.experiments.augmentation.training import train
from hcdv_stream.experiments.augmentation.transforms import Images
from hcdv_stream.valuation.embedding.perceptron import use_one_thread

CODE, HIDDEN = 16, 400
BATCH = 128
PEAK_RATE = 3e-3
LEAST_VARIANCE = 1e-6


class ConditionalVae(nn.Module):
    """Pixels and class to a code of 16, and a code and class to pixels; 400 hidden units each."""

    def __init__(self, pixels: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.encoder = nn.Sequential(
            nn.Linear(pixels + classes, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * CODE)
        )
        self.decoder = nn.Sequential(
            nn.Linear(CODE + classes, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, pixels)
        )

    def codes(
        self, images: torch.Tensor, labels: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return codes of (b, pixels) images, (b, 16), and their distance from the prior, (b,).

        The distance is the Kullback-Leibler divergence in nats.
        """
        told = torch.cat([images, self._one_hot(labels)], dim=1)
        mean, log_variance = self.encoder(told).chunk(2, dim=1)
        apart = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1.0).sum(dim=1)
        return mean + noise * torch.exp(0.5 * log_variance), apart

    def drawn(self, codes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the logits of the pixels that codes stand for, (b, pixels)."""
        logits: torch.Tensor = self.decoder(torch.cat([codes, self._one_hot(labels)], dim=1))
        return logits

    def loss(self, images: torch.Tensor, labels: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Return the negative evidence bound, a mean over the images."""
        codes, apart = self.codes(images, labels, noise)
        rebuilt = nn.functional.binary_cross_entropy_with_logits(
            self.drawn(codes, labels), images, reduction="sum"
        )
        bound: torch.Tensor = (rebuilt + apart.sum()) / len(images)
        return bound

    def _one_hot(self, labels: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(labels, self.classes).float()


def generated(
    images: Images, labels: Labels, wanted: Labels, seed: int, epochs: int = 20
) -> Images:
    """Train on images (n, side, side) with labels (n,) and draw one for each label of ``wanted``.

    Every wanted class needs two images. The same input and seed give the same images.
    """
    use_one_thread()
    draws = torch.Generator().manual_seed(seed)
    rows = torch.from_numpy(images.reshape(len(images), -1))
    known = torch.from_numpy(labels.astype(np.int64))
    model = _trained(rows, known, seed, draws, epochs)
    asked = torch.from_numpy(wanted.astype(np.int64))
    with torch.inference_mode():
        codes, _ = model.codes(rows, known, torch.randn((len(rows), CODE), generator=draws))
        fresh = torch.randn((len(asked), CODE), generator=draws)
        for label in sorted(set(wanted.tolist())):
            fresh[asked == label] = _like(codes[known == label], fresh[asked == label])
        drawn: Images = torch.sigmoid(model.drawn(fresh, asked)).numpy()
    return drawn.reshape(-1, *images.shape[1:])


def _trained(
    rows: torch.Tensor, labels: torch.Tensor, seed: int, draws: torch.Generator, epochs: int
) -> ConditionalVae:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ConditionalVae(rows.shape[1], int(labels.max()) + 1)

    def loss_of(batch: torch.Tensor) -> torch.Tensor:
        noise = torch.randn((len(batch), CODE), generator=draws)
        return model.loss(rows[batch], labels[batch], noise)

    train(model, loss_of, len(rows), draws, batch=BATCH, peak_rate=PEAK_RATE, epochs=epochs)
    return model


def _like(codes: torch.Tensor, standard: torch.Tensor) -> torch.Tensor:
    """Turn standard normal rows into ones with the mean and covariance of ``codes``."""
    covariance = torch.cov(codes.T) + LEAST_VARIANCE * torch.eye(codes.shape[1])
    turned: torch.Tensor = codes.mean(dim=0) + standard @ torch.linalg.cholesky(covariance).T
    return turned
