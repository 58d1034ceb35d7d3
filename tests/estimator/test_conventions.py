"""scikit-learn's own checks of an estimator: every one that applies is passed."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

import hcdv_stream
from hcdv_stream import HCDV

EXPECTED_FAILURES: dict[str, str] = {}
"""Checks that fail, with the reason. None does; a check that scikit-learn adds might."""


@parametrize_with_checks(
    [
        HCDV(encoder="identity"),
        HCDV(encoder_options={"epochs": 2}),
        HCDV(encoder_options={"epochs": 1}, members=2),
        HCDV(encoder="identity", game="algorithm1", validation_share=0.3),
    ],
    expected_failed_checks=lambda _: EXPECTED_FAILURES,
)
def test_scikit_learns_conventions(estimator: HCDV, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize(
    "name",
    [
        "values_", "stderr_", "ids_", "leaves_", "coalitions_", "provider_values_", "total_",
        "residual_", "provenance_",
    ],
)  # fmt: skip
def test_results_need_a_fit(name: str) -> None:
    assert not hasattr(HCDV(), name)
    with pytest.raises(NotFittedError):
        getattr(HCDV(), name)


def test_parameters_survive_a_clone() -> None:
    original = HCDV(encoder="identity", lam=0.3, branching=(4, 8))
    assert clone(original).get_params() == original.get_params()


def test_the_package_offers_it_without_loading_it() -> None:
    script = (
        "import sys, hcdv_stream; assert 'HCDV' in dir(hcdv_stream);"
        "assert not {'torch', 'sklearn'} & set(sys.modules);"
        "from hcdv_stream import HCDV; HCDV('identity').fit([[0.], [1.]], [0, 1]);"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    with pytest.raises(AttributeError, match="no attribute 'HCDW'"):
        _ = hcdv_stream.HCDW
