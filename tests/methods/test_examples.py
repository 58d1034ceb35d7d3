"""The examples in the docstrings of the front door."""

import doctest
import importlib
import inspect

import matplotlib.pyplot as plt
import pytest

from hcdv_stream import methods
from hcdv_stream.methods import HCDV, METHODS
from tests.methods.public import public

MODULES = sorted({each.__module__ for each in public().values()})


@pytest.mark.parametrize("module", MODULES)
def test_they_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0
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
