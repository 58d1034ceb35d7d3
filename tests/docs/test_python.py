"""The guide's code, run from top to bottom."""

import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from hcdv_stream.methods import HCDV, METHODS
from tests.repository import ROOT

GUIDE = ROOT / "docs" / "python.md"


def test_the_guide_runs_as_it_stands() -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 14
    names: dict[str, object] = {}
    mpl.use("Agg")
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), names)
    hcdv, live = names["hcdv"], names["live"]
    assert len(hcdv.values_) == 398
    assert all(len(method.values_) == 398 for method in names["candidates"])
    assert set(hcdv.provider_values_) == {"seller-0", "seller-1", "seller-2"}
    assert len(live.values_) == 395
    assert np.isfinite(live.values_).all()
    assert len(plt.get_fignums()) == 3
    plt.close("all")


def test_the_guide_names_every_method() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {method.__name__ for method in (HCDV, *METHODS)} <= rows
