"""One word per idea: no class name twice, no ruled-out word in a name, one glossary."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import ROOT

VOCABULARY: dict[str, tuple[str, ...]] = {
    "session": (),
    "example": (),
    "corpus D": (),
    "validation set V": (),
    "evaluator": ("judge", "judges", "judged", "judging", "judgement", "voter", "voters"),
    "value": (),
    "stderr": (),
    "worth": ("payoff",),
    "leaf": (),
    "node": (),
    "coalition": (),
    "tree": ("hierarchy", "hierarchies"),
    "member": (),
    "game": (),
    "utility": (),
    "weights": ("reading", "readings"),
    "interpretation": (),
    "contrast": (),
    "method": (),
    "sampler": (),
    "stopping criterion": (),
    "update": (),
    "stages": (),
    "dead letter": (),
    "view": (),
    "shard": (),
    "merge": (),
    "query": ("asked", "asking", "question", "questions"),
    "provider": ("seller", "sellers"),
    "original": (),
    "settlement": (),
    "bundle": (),
    "schema": (),
    "class": (),
}
"""The words of the glossary in ``docs/concepts.md``, each with the words that it replaces."""

EXCEPTIONS = {
    ("hcdv_stream/state/reading", "reading"): "the package that reads states",
    ("hcdv_stream/offline", "hierarchy"): "a method's levels of coalitions, not a partition's tree",
    ("hcdv_stream/cli/commands/value", "hierarchy"): "the options of those levels",
    ("hcdv_stream/experiments/marketplace", "sellers"): "in a market, providers sell",
}
"""Words that are right in one place, by the beginning of its path."""

RULED_OUT = {word for words in VOCABULARY.values() for word in words}


def modules() -> list[Path]:
    roots = [ROOT / name for name in ("hcdv_stream", "simulators", "dashboards")]
    return sorted(path for root in roots if root.is_dir() for path in root.rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def words(name: str) -> list[str]:
    """Split snake_case and CamelCase into lower-case words."""
    found = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return [word.lower() for word in found]


def names(path: Path) -> Iterator[str]:
    """Yield the names of a module, its folder, its classes and its functions."""
    yield path.parent.name
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def ruled_out(name: str) -> set[str]:
    """Return the ruled-out words of a name; the paper's seed hierarchy keeps its name."""
    found = words(name)
    return RULED_OUT.intersection(found) - ({"hierarchy"} if "seed" in found else set())


def test_no_class_name_is_defined_twice() -> None:
    defined = defaultdict(list)
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                defined[node.name].append(place(path))
    twice = {name: places for name, places in defined.items() if len(places) > 1}
    assert twice == {}


def test_names_are_of_the_vocabulary() -> None:
    wrong = {}
    for path in modules():
        here = place(path)
        allowed = {word for (start, word) in EXCEPTIONS if here.startswith(start)}
        for name in names(path):
            if found := ruled_out(name) - allowed:
                wrong[here, name] = found
    assert wrong == {}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("JudgedRecords", {"judged"}),
        ("_asked_lightly", {"asked"}),
        ("SeedHierarchy", set()),
        ("reader", set()),
    ],
)
def test_ruled_out_words_are_found_in_names(name: str, found: set[str]) -> None:
    assert ruled_out(name) == found


def test_the_glossary_has_the_words_of_the_vocabulary() -> None:
    text = (ROOT / "docs" / "concepts.md").read_text()
    table = text[text.index("## Glossary") :]
    listed = re.findall(r"^\| \*\*(.+?)\*\* \|", table, re.MULTILINE)
    assert listed == list(VOCABULARY)
