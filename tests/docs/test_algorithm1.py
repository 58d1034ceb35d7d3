"""The page on Algorithm 1: its code runs, and it names every option."""

import re
from dataclasses import fields

import numpy as np

from hcdv_stream.learners.logistic import Logistic
from hcdv_stream.learners.task import Task
from hcdv_stream.offline.hierarchy_options import CHOICES
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.methods.algorithm1 import Interpretation
from hcdv_stream.valuation.methods.ridge_utility import RidgeGame
from tests.repository import ROOT
from tests.valuation.worlds import batch_of, validation_of

PAGE = (ROOT / "docs" / "algorithm1.md").read_text(encoding="utf-8")


def test_its_code_runs() -> None:
    batch, validation = batch_of(24, 2, 4, np.random.default_rng(0)), validation_of(20, 2, 4)
    judges = validation.embeddings.astype(np.float64)
    features = batch.embeddings.astype(np.float64)
    task = Task(features, batch.labels, judges, validation.labels, 2)
    names: dict[str, object] = {
        "embeddings": batch.embeddings,
        "labels": batch.labels,
        "learner": Logistic(task),
        "utility": RidgeGame(Characteristic(validation, 2, 0.05), batch.embeddings, batch.labels),
    }
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, "algorithm1.md", "exec"), names)


def test_every_choice_is_in_the_table() -> None:
    assert {each.name for each in fields(Interpretation)} < set(CHOICES)
    table = PAGE.partition("## What the text leaves open")[2].partition("## What follows")[0]
    for name in set(CHOICES) - {"orders"}:
        assert f"{name}" in table
        assert all(f"`{value}`" in table for value in CHOICES[name]), name
    for rule in CHOICES["orders"]:
        assert rule in PAGE
