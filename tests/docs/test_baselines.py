"""The page on baselines: it names everything there is, and its code runs."""

import re
from pathlib import Path

import pytest

from hcdv_stream import methods
from hcdv_stream.cli.commands.value import TREES
from hcdv_stream.learners.metrics import METRICS
from hcdv_stream.learners.named import LEARNERS
from hcdv_stream.offline.methods import GROUPS, METHODS
from hcdv_stream.valuation.methods.sampling import stopping
from tests.learners.tasks import task_of
from tests.repository import ROOT

PAGE = (ROOT / "docs" / "baselines.md").read_text(encoding="utf-8")

FORMULAS = re.findall(r"\| `((?:valuation|learners)/[\w/.]+)` \|", PAGE)


def test_every_method_learner_metric_and_criterion_is_there() -> None:
    rows = set(re.findall(r"^\| `(\w[\w-]*)` \|", PAGE, re.MULTILINE))
    assert rows == {*TREES, *METHODS, *LEARNERS}
    for method in methods.METHODS:
        assert f"| `{method.method}` | `{method.__name__}` |" in PAGE
    assert all((ROOT / "hcdv_stream" / path).exists() for path in FORMULAS)
    assert all(f"`{name}`" in PAGE for name in METRICS)
    assert "|".join(GROUPS) in PAGE
    criteria = {each.__name__ for each in stopping.Criterion.__subclasses__()}
    assert all(f"`{name}`" in PAGE for name in criteria - {"Both", "Either"})


def test_its_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"task": task_of(n=24)}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "baselines.md", "exec"), names)
    assert names["more"].evaluations >= names["estimate"].evaluations >= 24
