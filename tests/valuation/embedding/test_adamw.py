"""Our AdamW against torch's, to the last bit; and that it loads no compiler."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from hcdv_stream.valuation.embedding.adamw import AdamW


@pytest.mark.parametrize(("rate", "decay"), [(1e-3, 1e-4), (0.05, 0.0), (0.3, 0.2)])
def test_every_step_is_torch_s(rate: float, decay: float) -> None:
    networks = []
    for _ in range(2):
        torch.manual_seed(3)
        networks.append(nn.Sequential(nn.Linear(5, 7), nn.SiLU(), nn.Linear(7, 2)))
    unused = [nn.Parameter(torch.ones(2)) for _ in networks]
    ours = AdamW([*networks[0].parameters(), unused[0]], rate, decay)
    theirs = torch.optim.AdamW([*networks[1].parameters(), unused[1]], lr=rate, weight_decay=decay)
    for number in range(40):
        rows = torch.randn(9, 5, generator=torch.Generator().manual_seed(number))
        for network, optimiser in zip(networks, (ours, theirs), strict=True):
            optimiser.zero_grad()
            network(rows).square().mean().backward()
            optimiser.step()
        for one, other in zip(*(network.parameters() for network in networks), strict=True):
            assert torch.equal(one, other), number
    assert torch.equal(*unused)


def test_training_loads_no_compiler() -> None:
    script = (
        "import sys\n"
        "import numpy as np\n"
        "from hcdv_stream.valuation.embedding import encoder_training as training\n"
        "rows = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)\n"
        "table = training.LabelledRows(rows, np.arange(20, dtype=np.int16) % 2)\n"
        "options = training.EncoderOptions(epochs=1)\n"
        "before = set(sys.modules)\n"
        "training.train_encoder(table, table, 2, options, seed=0)\n"
        "assert 'torch._dynamo' not in sys.modules\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
