"""The trained network f of an encoder, in torch, which loads only where there is one to run."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

Matrix = npt.NDArray[np.float32]


def layers_of(width: int, hidden: Sequence[int], dimensions: int) -> nn.Sequential:
    """Return f untrained: ``width`` inputs, hidden layers, ``dimensions`` outputs."""
    layers: list[nn.Module] = []
    for units in hidden:
        layers += [nn.Linear(width, units), nn.SiLU()]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, dimensions))


def use_one_thread() -> None:
    """Bind torch's kernels to one thread; torch knows this for the whole process only."""
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)


class Perceptron:
    """A frozen f: float32 (n, width) to float32 (n, d). The layers are not trained any further."""

    def __init__(self, layers: nn.Sequential) -> None:
        first = layers[0]
        assert isinstance(first, nn.Linear), "a perceptron begins with a linear layer"
        self.width: int = first.in_features
        self._layers = layers.eval().requires_grad_(False)

    def __call__(self, rows: Matrix) -> Matrix:
        """Return f(rows), computed on one thread."""
        use_one_thread()
        with torch.inference_mode():
            outputs: Matrix = self._layers(torch.from_numpy(rows)).numpy()
        return outputs

    def tensors(self) -> dict[str, Matrix]:
        """Return weights and biases by name: the layers are ``0``, ``2``, ``4`` …"""
        return {name: tensor.numpy().copy() for name, tensor in self._layers.state_dict().items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Matrix]) -> "Perceptron":
        """Rebuild from weights and biases whose names and shapes are those of layers in a row."""
        shapes = [tensors[f"{2 * place}.weight"].shape for place in range(len(tensors) // 2)]
        layers = layers_of(shapes[0][1], [out for out, _ in shapes[:-1]], shapes[-1][0])
        layers.load_state_dict({name: torch.from_numpy(each) for name, each in tensors.items()})
        return cls(layers)
