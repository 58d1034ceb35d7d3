"""The code map names files that are there, and every folder."""

import re

from tests.repository import ROOT

PAGE = (ROOT / "docs" / "code-map.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([\w/]+(?:/|\.py))`", PAGE))
FOLDERS_OF_EXPERIMENTS = "experiments/"
"""One row stands for the folders in it: each is an experiment of that name."""


def test_every_path_is_there() -> None:
    assert len(NAMED) > 100
    for name in NAMED:
        assert (ROOT / "hcdv_stream" / name).exists() or (ROOT / name).exists(), name


def test_every_folder_is_named() -> None:
    package = ROOT / "hcdv_stream"
    for init in package.rglob("*/__init__.py"):
        folder = f"{init.parent.relative_to(package)}/"
        inner = folder.startswith(FOLDERS_OF_EXPERIMENTS) and folder != FOLDERS_OF_EXPERIMENTS
        assert inner or folder in NAMED, folder


def test_it_is_found_from_the_readme() -> None:
    assert "docs/code-map.md" in (ROOT / "README.md").read_text(encoding="utf-8")
