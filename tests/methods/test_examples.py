"""The examples in the docstrings of the front door."""

import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType

import matplotlib.pyplot as plt
import pytest

from hcdv_stream import methods
from hcdv_stream.methods import HCDV, METHODS

ELSEWHERE = (
    "learners.logistic",
    "learners.retraining",
    "learners.ridge",
    "learners.routed_knn",
    "learners.task",
    "learners.trained",
    "valuation.methods.algorithm1.algorithm",
    "valuation.methods.algorithm1.interpretation",
    "valuation.methods.baselines.data_shapley",
    "valuation.methods.levels",
    "estimator.hcdv",
    "estimator.curves",
    "plots.curves",
    "plots.histogram",
    "plots.tree_map",
    "valuation.methods.sampling.run",
    "valuation.methods.sampling.stopping",
    "valuation.methods.semivalues",
    "valuation.methods.utility",
)
MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.iter_modules(methods.__path__, f"{methods.__name__}.")
] + [importlib.import_module(f"hcdv_stream.{name}") for name in ELSEWHERE]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_they_run(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
    plt.close("all")


def test_everything_that_is_drawn_from_the_front_door_has_a_docstring() -> None:
    assert [name for name in methods.__all__ if not getattr(methods, name).__doc__] == []


@pytest.mark.parametrize("method", [HCDV, *METHODS], ids=lambda method: method.__name__)
def test_every_method_has_one_and_describes_every_parameter(method: type) -> None:
    text = method.__doc__ or ""
    assert ">>> " in text
    section = text.partition("Parameters\n    ----------\n")[2].partition("\n\n")[0]
    named = [line.split(" : ")[0].strip() for line in section.splitlines() if " : " in line]
    assert named == list(inspect.signature(method).parameters)
