"""Wide & Deep: a linear model and a network of two layers of 128 ReLU units, added up.

Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016; the head that the paper trains
on what was selected. A scikit-learn classifier, so that it can be retrained on coalitions.
"""

from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from hcdv_stream.valuation.arrays import Floats

WIDTH = 128


class _Network(nn.Module):
    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.wide = nn.Linear(inputs, classes)
        self.deep = nn.Sequential(
            nn.Linear(inputs, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(),
            nn.Linear(WIDTH, classes),
        )  # fmt: skip

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.wide(rows) + self.deep(rows)
        return answer


class WideDeepClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Trained by Adam on cross-entropy; the same seed, rows and threads give the same model."""

    def __init__(
        self,
        epochs: int = 20,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        random_state: int = 0,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Train on rows X (n, width), standardised for the best results, with labels y (n,)."""
        rows, labels = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("Wide & Deep needs examples of at least 2 classes, got 1 class")
        generator = torch.Generator().manual_seed(int(self.random_state))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(self.random_state))
            self.network_ = _Network(rows.shape[1], len(self.classes_))
        inputs, targets = torch.from_numpy(rows), torch.from_numpy(codes)
        optimiser = torch.optim.AdamW(
            self.network_.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        for _ in range(self.epochs):
            order = torch.randperm(len(rows), generator=generator)
            for batch in torch.split(order, self.batch_size):
                optimiser.zero_grad()
                loss = nn.functional.cross_entropy(self.network_(inputs[batch]), targets[batch])
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
        # Trained in single precision; answered in double, so that a row's probabilities do not
        # depend on the rows beside it by more than the last digits, whatever the processor.
        self.network_.double()
        return self

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Return the probability of each class in ``classes_``, (n, C)."""
        check_is_fitted(self, "network_")
        rows = validate_data(self, X, dtype=np.float32, reset=False)
        with torch.inference_mode():
            answers = self.network_(torch.from_numpy(rows).double()).softmax(dim=1)
        probabilities: Floats = answers.numpy()
        return probabilities

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.generic]:
        """Return the most probable class of each row."""
        codes = self.predict_proba(X).argmax(axis=1)
        found: npt.NDArray[np.generic] = self.classes_[codes]
        return found
