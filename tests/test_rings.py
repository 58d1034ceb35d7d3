"""Three rings: an inner one never imports an outer one, and the core does no I/O."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "hcdv_stream"
CORE, STATE = "valuation", ("state", "bundle")
CORE_MAY = {"hcdv_stream.valuation", "numpy"}
TORCH_MAY = {"perceptron.py", "encoder_training.py"}
PANDAS_MAY = {"frames.py"}
SKLEARN_MAY = {"doubt_training.py", "model_fitting.py"}
CORE_STDLIB = {
    "abc", "bisect", "collections", "dataclasses", "enum", "fractions", "functools", "hashlib",
    "heapq", "itertools", "math", "numbers", "re", "typing", "zlib",
}  # fmt: skip
DOES_IO = {"open", "print", "input"}


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


def modules(*rings: str) -> list[Path]:
    return [path for ring in rings for path in sorted((PACKAGE / ring).rglob("*.py"))]


@pytest.mark.parametrize("path", modules(CORE), ids=lambda path: path.name)
def test_core_knows_numpy_only(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        allowed = name.startswith("hcdv_stream.valuation") or top in {"numpy", *CORE_STDLIB}
        torch = top == "torch" and path.name in TORCH_MAY
        pandas = top == "pandas" and path.name in PANDAS_MAY
        sklearn = top in {"sklearn", "threadpoolctl"} and path.name in SKLEARN_MAY
        assert allowed or torch or pandas or sklearn, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", modules(CORE), ids=lambda path: path.name)
def test_core_does_no_io(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in DOES_IO, f"{path.name} calls {node.func.id}"


@pytest.mark.parametrize(
    "path", modules(*STATE), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_state_imports_no_edge(path: Path) -> None:
    inner = tuple(f"hcdv_stream.{ring}" for ring in (CORE, *STATE, "errors"))
    for name in imports(path):
        ours = name.startswith("hcdv_stream")
        assert not ours or name.startswith(inner), f"{path.name} imports {name}"


def test_modules_stay_small() -> None:
    root = PACKAGE.parent
    for folder in ("hcdv_stream", "simulators", "dashboards", "tests"):
        for path in (root / folder).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 500, path
