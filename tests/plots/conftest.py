"""One fitted estimator for all pictures, drawn without a screen."""

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from hcdv_stream import HCDV
from tests.estimator.worlds import world


@pytest.fixture(autouse=True)
def _off_screen() -> Iterator[None]:
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def fitted() -> HCDV:
    """Two classes in some thirty leaves under several nodes; a fifth of the samples judge."""
    data = world(500)
    hcdv = HCDV(encoder="identity", leaf_size=20, branching=(4, 5), validation_share=0.2)
    return hcdv.fit(data.X, data.y)
