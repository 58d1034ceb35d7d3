"""numpydoc: every public class, method and function says what it takes, gives and raises."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from hcdv_stream.methods import Criterion, Learner, Utility, ValuationMethod
from hcdv_stream.valuation.methods.sampling.run import Sampler
from tests.methods.public import public

PROTOCOLS = (ValuationMethod, Learner, Utility, Sampler, Criterion)
"""What their methods take and give is described once, for everything that implements them."""
SECTION = r"^{}\n-+\n(.*?)(?=\n\n[A-Z][A-Za-z ]+\n-+\n|\Z)"


def section(text: str, name: str) -> str:
    found = re.search(SECTION.format(name), text, re.DOTALL | re.MULTILINE)
    return found.group(1) if found else ""


def described(text: str) -> set[str]:
    """The parameters that have a description, which is indented below their line."""
    parts = re.findall(r"^(\S.*)\n(?=    )", section(text, "Parameters"), re.MULTILINE)
    return {name.strip().lstrip("*") for part in parts for name in part.split(" : ")[0].split(",")}


def raises(function: Any) -> set[str]:
    """The errors that a function's own body raises."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return {each.func.id for each in raised if isinstance(getattr(each, "func", None), ast.Name)}


def lacking(function: Any, text: str) -> list[str]:
    """What the docstring of a function or method does not say."""
    signature = inspect.signature(function)
    parameters = [name for name in signature.parameters if name not in ("self", "cls")]
    lacks = [name for name in parameters if name not in described(text)]
    if signature.return_annotation not in (None, "None") and not section(text, "Returns"):
        lacks.append("Returns")
    if raises(function) and not section(text, "Raises"):
        lacks.append("Raises")
    return lacks


def documentation(kind: type, name: str) -> Iterator[str]:
    """The docstrings of a method, of those it overrides, and of a protocol's."""
    for each in (*kind.__mro__, *PROTOCOLS):
        if (method := vars(each).get(name)) is not None:
            yield inspect.cleandoc(method.__doc__ or "")


def methods_of(kind: type) -> list[str]:
    """The public methods of a class, and those that it has from a class of ours."""
    own = {
        name: method
        for base in kind.__mro__
        if base.__module__.startswith("hcdv_stream")
        for name, method in vars(base).items()
    }
    return [n for n, each in own.items() if inspect.isfunction(each) and not n.startswith("_")]


CLASSES = {name: each for name, each in public().items() if inspect.isclass(each)}
FUNCTIONS = {name: each for name, each in public().items() if not inspect.isclass(each)}
METHODS = [(name, method) for name, kind in CLASSES.items() for method in methods_of(kind)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    text = inspect.getdoc(FUNCTIONS[name]) or ""
    assert lacking(FUNCTIONS[name], text) == []
    assert ">>> " in section(text, "Examples")


@pytest.mark.parametrize("name", CLASSES)
def test_classes(name: str) -> None:
    kind = CLASSES[name]
    text = inspect.cleandoc(kind.__doc__ or "")
    if getattr(kind, "_is_protocol", False):
        assert text
        return
    parameters = set(inspect.signature(kind).parameters)
    assert parameters - described(text) == set()
    assert ">>> " in section(text, "Examples")


@pytest.mark.parametrize(("name", "method"), METHODS, ids=str)
def test_methods(name: str, method: str) -> None:
    kind = CLASSES[name]
    function = getattr(kind, method)
    found = [lacking(function, text) for text in documentation(kind, method)]
    assert [] in found, f"{name}.{method} lacks {min(found, key=len)}"


def test_what_is_lacking_is_found() -> None:
    def example(one: int, two: int) -> int:
        if one:
            raise ValueError(one)
        return two

    assert lacking(example, "") == ["one", "two", "Returns", "Raises"]
    text = (
        "Do.\n\nParameters\n----------\none : int\n    First.\ntwo : int\n\nReturns\n-------\nint"
    )
    assert lacking(example, text) == ["two", "Raises"]
