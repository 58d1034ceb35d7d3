"""scikit-learn's own checks of every method: those that apply are passed."""

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from hcdv_stream.methods import (
    HCDV,
    METHODS,
    Algorithm1,
    BetaShapley,
    DataBanzhaf,
    DataOOB,
    DataShapley,
    DUShapley,
    Evaluations,
    GroupShapley,
    KNNShapley,
    LeaveOneOut,
    OwenValue,
    RandomValues,
    ValuationMethod,
)

SHARED: dict[str, Any] = {"encoder": "identity", "validation_share": 0.3}
FEW = Evaluations(30)
EXPECTED_FAILURES: dict[str, str] = {}
"""Checks that fail, with the reason. None does; a check that scikit-learn adds might."""


@parametrize_with_checks(
    [
        Algorithm1(levels=(2, 2), permutations=4, leaf_size=4, **SHARED),
        BetaShapley(until=FEW, **SHARED),
        DUShapley(until=FEW, **SHARED),
        DataBanzhaf(until=FEW, batch=10, **SHARED),
        DataOOB(trees=10),
        DataShapley(until=FEW, **SHARED),
        GroupShapley(until=FEW, **SHARED),
        KNNShapley(**SHARED),
        LeaveOneOut(**SHARED),
        OwenValue(levels=(2, 2), until=FEW, batch=1, **SHARED),
        RandomValues(),
    ],
    expected_failed_checks=lambda _: EXPECTED_FAILURES,
)
def test_scikit_learns_conventions(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_results_need_a_fit(method: type) -> None:
    for name in ("values_", "stderr_", "provenance_", "labels_", "ids_", "classes_"):
        assert not hasattr(method(), name)
    with pytest.raises(NotFittedError):
        method().to_frame()
    with pytest.raises(NotFittedError):
        method().select(0.5)
    assert clone(method()).get_params() == method().get_params()


@pytest.mark.parametrize("method", [HCDV, *METHODS], ids=lambda method: method.__name__)
def test_one_protocol(method: Any) -> None:
    parameters = {"encoder": "identity"} & method().get_params().keys()
    fitted = method(**dict.fromkeys(parameters, "identity"))
    if "until" in fitted.get_params():
        fitted.set_params(until=FEW)
    X = [[float(row % 7), float(row % 3)] for row in range(24)]
    y = ["a", "b"] * 12
    fitted.fit(X, y, X[:8], y[:8])
    assert isinstance(fitted, ValuationMethod)
    assert fitted.values_.shape == fitted.stderr_.shape == fitted.labels_.shape == (24,)
    assert fitted.provenance_.keys() >= {
        "parameters", "seed", "examples", "validation_examples", "classes", "encoder", "versions"
    }  # fmt: skip
    frame = fitted.to_frame()
    assert {"label", "value", "stderr", "provider"} <= set(frame.columns)
    assert frame.index.name == "id"
    assert len(fitted.select(0.5, "top")) == 12
