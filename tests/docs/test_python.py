"""The guide's code, run from top to bottom."""

import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from tests.repository import ROOT

GUIDE = ROOT / "docs" / "python.md"


def test_the_guide_runs_as_it_stands() -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 9
    names: dict[str, object] = {}
    mpl.use("Agg")
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), names)
    hcdv, live = names["hcdv"], names["live"]
    assert len(hcdv.values_) == 398
    assert set(hcdv.provider_values_) == {"seller-0", "seller-1", "seller-2"}
    assert len(live.values_) == 395
    assert np.isfinite(live.values_).all()
    assert len(plt.get_fignums()) == 3
    plt.close("all")
