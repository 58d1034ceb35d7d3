"""Stage I: trains the encoder on cross-entropy − λ·contrast + α·Ω, stopped early.

Maximising E_batch[M + λΔ] − αΩ of the paper, with the cross-entropy of a linear head as the
surrogate of M. Δ is the mean cosine distance of cross-label pairs of the batch's *centred*
embedding: off-centre, all cosines are alike and the contrast has nothing to pull at. Ω is the
squared norm of the input gradient of the pairwise distance, by automatic differentiation.

The encoder must not memorise the labels that its embedding will be used to value. Rows held out of
the training side decide when to stop, and the parameters of the best epoch are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from hcdv_stream.valuation.embedding.encoder import Encoder, Matrix
from hcdv_stream.valuation.embedding.perceptron import Perceptron, layers_of, use_one_thread

Labels = npt.NDArray[np.int16]

_SMOOTHED_PAIRS = 64


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Encoder input: ``rows`` float32 (n, width), ``labels`` int16 (n,) class indices."""

    rows: Matrix
    labels: Labels


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """Hyper-parameters of Stage I.

    ``dimensions`` d of the embedding, ``hidden`` the widths of the hidden layers, ``contrast``
    λ >= 0, ``smoothness`` α >= 0, at most ``epochs`` passes, fewer once ``patience`` of them in
    a row bring nothing. Raises ValueError where out of range.
    """

    dimensions: int = 16
    hidden: tuple[int, ...] = (64,)
    contrast: float = 1.0
    smoothness: float = 0.01
    epochs: int = 60
    patience: int = 5
    batch: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4

    def __post_init__(self) -> None:
        for name in ("dimensions", "epochs", "patience", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("contrast", "smoothness", "weight_decay"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if not self.learning_rate > 0.0:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass reached: its number from 1, and the held-out loss, without Ω."""

    number: int
    loss: float


@dataclass(frozen=True, slots=True)
class TrainedEncoder:
    """The encoder of the best epoch and what it reached on the held-out rows.

    ``metrics``: ``epochs`` run, ``best_epoch``, and of the best epoch ``loss``, ``cross_entropy``
    (class-weighted), ``contrast`` and ``balanced_accuracy``.
    """

    encoder: Encoder
    metrics: dict[str, float]


def train_encoder(
    training: LabelledRows,
    held_out: LabelledRows,
    classes: int,
    options: EncoderOptions,
    *,
    seed: int,
    progress: Callable[[Epoch], None] = lambda _: None,
) -> TrainedEncoder:
    """Train on one set of rows and stop by another.

    Classes weigh the same in the cross-entropy, however rare. Deterministic from ``seed`` on one
    machine; torch's global generator is left as it was.
    """
    use_one_thread()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _Model(training.rows.shape[1], classes, options)
        table = _LabelledTensors.of(training)
        metrics = _fit(model, table, _LabelledTensors.of(held_out), options, progress)
    with torch.inference_mode():
        centre = model.network(table.rows).double().mean(0).float().numpy()
    return TrainedEncoder(Encoder(Perceptron(model.network), centre), metrics)


class _Model(nn.Module):
    """Network and linear head."""

    def __init__(self, width: int, classes: int, options: EncoderOptions) -> None:
        super().__init__()
        self.network = layers_of(width, options.hidden, options.dimensions)
        self.head = nn.Linear(options.dimensions, classes)


@dataclass(frozen=True, slots=True)
class _LabelledTensors:
    rows: torch.Tensor
    labels: torch.Tensor

    @classmethod
    def of(cls, table: LabelledRows) -> "_LabelledTensors":
        return cls(torch.from_numpy(table.rows), torch.from_numpy(table.labels.astype(np.int64)))


def _fit(
    model: _Model,
    training: _LabelledTensors,
    held: _LabelledTensors,
    options: EncoderOptions,
    progress: Callable[[Epoch], None],
) -> dict[str, float]:
    """Train ``model`` and leave it with the parameters of its best epoch; returns metrics."""
    counts = torch.bincount(training.labels, minlength=model.head.out_features)
    weights = len(training.labels) / (counts.clamp(min=1) * len(counts)).float()
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
    )
    best: dict[str, float] = {"loss": float("inf"), "best_epoch": 0.0}
    kept = _copy(model)
    number = 0
    for number in range(1, options.epochs + 1):
        for members in torch.split(torch.randperm(len(training.labels)), options.batch):
            optimiser.zero_grad()
            loss = _loss(model, training.rows[members], training.labels[members], weights, options)
            torch.autograd.backward(loss)
            optimiser.step()
        reached = _score(model, held, weights, options)
        progress(Epoch(number, reached["loss"]))
        if reached["loss"] < best["loss"]:
            best, kept = reached | {"best_epoch": float(number)}, _copy(model)
        elif number - best["best_epoch"] >= options.patience:
            break
    model.load_state_dict(kept)
    return best | {"epochs": float(number)}


def _copy(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _loss(
    model: _Model,
    rows: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor,
    options: EncoderOptions,
) -> torch.Tensor:
    embedded = model.network(rows)
    loss = functional.cross_entropy(model.head(embedded), labels, weights)
    if options.contrast > 0.0:
        loss = loss - options.contrast * contrast(embedded, labels, len(weights))
    if options.smoothness > 0.0:
        loss = loss + options.smoothness * roughness(
            model.network, rows[:_SMOOTHED_PAIRS], embedded.detach().mean(0)
        )
    return loss


def contrast(embedded: torch.Tensor, labels: torch.Tensor, classes: int) -> torch.Tensor:
    """Mean cosine distance over the pairs of a batch whose labels differ, a scalar in [0, 2].

    ``embedded`` is (n, d), centred here; 0 where there is no such pair. From the sums of unit
    vectors: Σ_{cross pairs} u_i·u_j = (|Σ_c s_c|² − Σ_c |s_c|²) / 2.
    """
    units = functional.normalize(embedded - embedded.mean(0))
    members = functional.one_hot(labels, classes).to(units.dtype)
    sums = members.T @ units
    counts = members.sum(0)
    pairs = (counts.sum() ** 2 - (counts**2).sum()) / 2
    cosines = (sums.sum(0).square().sum() - sums.square().sum()) / 2
    return (1.0 - cosines / pairs.clamp(min=1.0)) * (pairs > 0)


def roughness(network: nn.Module, rows: torch.Tensor, centre: torch.Tensor) -> torch.Tensor:
    """Ω: mean over random pairs of |∂d/∂x_i|² + |∂d/∂x_j|², d the cosine distance of f(x)−centre.

    ``rows`` (n, width) are paired at random; a scalar that can be differentiated.
    """
    left = rows.detach().clone().requires_grad_()
    right = rows[torch.randperm(len(rows))].clone().requires_grad_()
    distances = 1.0 - functional.cosine_similarity(network(left) - centre, network(right) - centre)
    gradients = torch.autograd.grad(distances.sum(), (left, right), create_graph=True)
    squared: torch.Tensor = sum((each.square().sum(1) for each in gradients), torch.zeros(()))
    return squared.mean()


def _score(
    model: _Model, held: _LabelledTensors, weights: torch.Tensor, options: EncoderOptions
) -> dict[str, float]:
    with torch.inference_mode():
        embedded = model.network(held.rows)
        logits = model.head(embedded)
        entropy = float(functional.cross_entropy(logits, held.labels, weights))
        distance = float(contrast(embedded, held.labels, len(weights)))
        right = (logits.argmax(1) == held.labels).float()
        recalls = [right[held.labels == each].mean() for each in torch.unique(held.labels)]
    return {
        "loss": entropy - options.contrast * distance,
        "cross_entropy": entropy,
        "contrast": distance,
        "balanced_accuracy": float(torch.stack(recalls).mean()),
    }
