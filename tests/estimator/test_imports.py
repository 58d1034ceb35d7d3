"""Who may know whom: parameters and results serve ``HCDV`` and do not know it."""

import ast
from pathlib import Path

import pytest

from tests.repository import ROOT

FOLDER = ROOT / "hcdv_stream" / "estimator"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_nothing_but_the_package_imports_the_estimator(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and path.name != "__init__.py":
            assert node.module != "hcdv_stream.estimator.hcdv"
            assert "HCDV" not in [alias.name for alias in node.names]
