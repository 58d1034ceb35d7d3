"""AdamW (Loshchilov and Hutter, 2019) in the arithmetic of ``torch.optim.AdamW``, bit for bit.

Torch's own optimisers load its compiler when the first of them is made. That takes as long as
loading the rest of torch, about two seconds, and nothing is compiled here.
"""

from collections.abc import Iterable

import torch

_BETA1, _BETA2 = 0.9, 0.999
_EPSILON = 1e-8


class AdamW:
    """Changes parameters by their gradients, with running means of these and of their squares."""

    def __init__(
        self, parameters: Iterable[torch.Tensor], learning_rate: float, weight_decay: float
    ) -> None:
        self._parameters = list(parameters)
        self._means = [torch.zeros_like(each) for each in self._parameters]
        self._squares = [torch.zeros_like(each) for each in self._parameters]
        self._learning_rate = learning_rate
        self._weight_decay = weight_decay
        self._steps = 0

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters that have a gradient."""
        self._steps += 1
        step_size = self._learning_rate / (1 - _BETA1**self._steps)
        correction = (1 - _BETA2**self._steps) ** 0.5
        for parameter, mean, square in zip(
            self._parameters, self._means, self._squares, strict=True
        ):
            if (gradient := parameter.grad) is None:
                continue
            parameter.mul_(1 - self._learning_rate * self._weight_decay)
            mean.lerp_(gradient, 1 - _BETA1)
            square.mul_(_BETA2).addcmul_(gradient, gradient, value=1 - _BETA2)
            parameter.addcdiv_(mean, (square.sqrt() / correction).add_(_EPSILON), value=-step_size)
