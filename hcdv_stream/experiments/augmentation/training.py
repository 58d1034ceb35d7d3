"""How the small networks on images are trained: Adam in batches, the rate up and down once."""

from collections.abc import Callable

import torch
from torch import nn


def train(
    network: nn.Module,
    loss_of: Callable[[torch.Tensor], torch.Tensor],
    count: int,
    draws: torch.Generator,
    *,
    batch: int,
    peak_rate: float,
    epochs: int,
) -> None:
    """Train on ``count`` images in an order that ``draws`` gives, anew in every epoch.

    ``loss_of`` takes the rows of a batch, (b,).
    """
    optimiser = torch.optim.Adam(network.parameters())
    steps = epochs * -(-count // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, peak_rate, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(count, generator=draws), batch):
            optimiser.zero_grad()
            loss_of(rows).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
