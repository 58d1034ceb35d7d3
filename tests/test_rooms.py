"""Rooms: imports go one way between folders, no modules import each other in a circle."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.repository import ROOT

ORDER = (
    # The core, and what everybody may use.
    "valuation",
    "errors",
    "refusals",
    "extras",
    "settings",
    "unknown_settings",
    "runtime",
    "learners",
    # What is frozen, and what is kept.
    "bundle",
    "state",
    # Values from tables and arrays.
    "estimator",
    "methods",
    "offline",
    "plots",
    # Kafka, the worker, and its dead letters.
    "broker",
    "simulators",
    "serving",
    "worker",
    "dead_letters",
    # The API from its models to its process, who asks it, and the gateway over many of them.
    "api.models",
    "api.problems",
    "api.executors",
    "api.metrics",
    "api.openapi",
    "api.page",
    "api.views",
    "api.collectors",
    "api.queries",
    "api.sources",
    "api.middleware",
    "api.watchdog",
    "api.routes",
    "api.app",
    "api.server",
    "gateway",
    "client",
    # Everything at once.
    "doctor",
    "demo",
    "experiments",
    "dashboards",
    "cli",
)
"""Who may import whom: each room only those before it. A folder is a room with all that is in it;
of the API, each folder and each module at its root is one."""
ENTRANCES = {"hcdv_stream", "hcdv_stream.__main__", "hcdv_stream.api", "dashboards.__main__"}
"""Modules without a room: the way in, from Python and from a terminal."""
FOLDERS = ("hcdv_stream", "simulators", "dashboards")
MOST_MODULES = 20


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    name_of(path): path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))
}


def imports(path: Path) -> Iterator[str]:
    """Modules of ours that a module imports, also lazily and for types alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [each if each in MODULES else node.module for each in inner]
        else:
            continue
        yield from (each for each in names if each in MODULES and each != name_of(path))


def room(module: str) -> str:
    parts = module.removeprefix("hcdv_stream.").split(".")
    return ".".join(parts[:2]) if parts[0] == "api" else parts[0]


def test_every_room_is_there() -> None:
    assert set(ORDER) == {room(module) for module in MODULES.keys() - ENTRANCES}


def test_imports_lead_to_rooms_before() -> None:
    places = {name: place for place, name in enumerate(ORDER)}
    wrong = [
        f"{module} imports {other}, of a room behind its own"
        for module in sorted(MODULES.keys() - ENTRANCES)
        for other in imports(MODULES[module])
        if other not in ENTRANCES and places[room(other)] > places[room(module)]
    ]
    assert wrong == []


def test_no_modules_import_each_other() -> None:
    graph = {module: set(imports(path)) for module, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_folders_stay_small() -> None:
    for folder in (*FOLDERS, "tests", "scripts"):
        for place in [ROOT / folder, *(ROOT / folder).rglob("*/")]:
            assert len(list(place.glob("*.py"))) <= MOST_MODULES, place
