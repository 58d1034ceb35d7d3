"""The guide names every path and every problem, and its example runs."""

import re

import orjson

from scripts.docs.openapi import specification
from tests.repository import ROOT

GUIDE = (ROOT / "docs" / "api.md").read_text()


def test_it_names_every_path():
    for path in orjson.loads(specification())["paths"]:
        if path.startswith("/v1/"):
            assert path.removesuffix("/{id}") in GUIDE, path


def test_it_names_every_problem():
    sources = [*(ROOT / "hcdv_stream" / "api").rglob("*.py")]
    names = {
        name
        for source in sources
        for name in re.findall(r'HTTPStatus\.\w+,\s*"([a-z-]+)"', source.read_text())
    }
    assert names > {"behind", "view-gone", "no-key"}
    for name in names - {"stalled"}:  # a probe's, not an answer's
        assert f"`{name}`" in GUIDE, name


def test_its_example_runs(service, capsys):
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    exec(example.replace("http://localhost:8080", service.address))
    assert "seller-1" in capsys.readouterr().out
