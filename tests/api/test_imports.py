"""Who may import whom inside the API: models, views, queries, sources, routes, application.

``tests/test_rooms.py`` holds the rest, circles and the size of folders, for the whole repository.
"""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "hcdv_stream"
API = "hcdv_stream.api"
MAY_IMPORT = {
    "models": set(),
    "problems": {"models"},
    "executors": {"models"},
    "metrics": set(),
    "views": {"models", "metrics"},
    "collectors": {"views"},
    "queries": {"models", "executors", "views"},
    "sources": {"models", "problems", "executors", "views", "queries"},
    "middleware": {"problems", "metrics"},
    "page": set(),
    "routes": {"models", "problems", "metrics", "executors", "views", "queries", "sources"},
    "openapi": {"models", "problems"},
    "watchdog": {"middleware", "sources"},
    "server": {"app", "metrics", "views"},
}
"""By folder, or by module at the root; ``app`` puts them together."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def imports(path: Path) -> set[str]:
    """The modules that a module imports from the API."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.startswith(f"{API}.") and name in MODULES}


MODULES = {
    name_of(path): path
    for path in sorted((PACKAGE / "api").rglob("*.py"))
    if path.name != "__init__.py"
}


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module: str) -> None:
    room = module.split(".")[2]
    if room == "app":
        return
    imported = {name.split(".")[2] for name in imports(MODULES[module])}
    assert imported - {room} <= MAY_IMPORT[room]


def test_the_api_knows_no_gateway() -> None:
    for name, path in MODULES.items():
        assert "hcdv_stream.gateway" not in path.read_text(), name
