"""The readings of Algorithm 1, valued on a small case; the page that argues from them."""

import numpy as np
import orjson
import pytest

from hcdv_stream.experiments.ambiguities.interpretations import Guessing, choices, valued
from hcdv_stream.experiments.ambiguities.run import tables
from hcdv_stream.experiments.common.cases import prepare
from hcdv_stream.experiments.common.datasets import clickstream
from hcdv_stream.valuation.config import PAPER
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.methods.algorithm1 import Interpretation
from hcdv_stream.valuation.methods.ridge_utility import RidgeGame
from tests.repository import ROOT


@pytest.fixture(scope="module")
def case():
    return prepare(clickstream(100, seed=100), 100)


def test_every_option_of_a_reading_is_tried():
    tried = {
        name: {getattr(choice.interpretation, name) for choice in choices()}
        for name in ("players", "scope", "omega", "unscalable", "draws", "leaf")
    }
    assert tried == {
        "players": {"siblings", "level"},
        "scope": {"parent", "level"},
        "omega": {"fallback", "blend", "product", "budget"},
        "unscalable": {"omega", "shift", "clip", "as-printed"},
        "draws": {"shared", "own", "antithetic"},
        "leaf": {"exact", "sampled", "uniform"},
    }
    assert choices()[0].interpretation == Interpretation()


def test_every_choice_gives_each_example_its_part_of_the_whole(case):
    for choice in choices():
        found, told = valued(case, choice)
        if choice.routed:
            continue
        v = Characteristic(case.validation, 2, PAPER.contrast, choice.averaged)
        game = Guessing(RidgeGame(v, case.embeddings, case.labels), choice.nobody)
        nobody, whole = game(np.array([[False], [True]]).repeat(len(found.values), axis=1))
        assert nobody == choice.nobody
        scale = np.abs(found.values).sum()
        assert found.values.sum() == pytest.approx(whole - nobody, abs=1e-9 * scale), choice
        assert 0.0 <= told["unscalable"] <= 1.0
        assert told["evaluations"] > len(choice.counts)


def test_the_page_shows_the_figures_of_the_file():
    result = orjson.loads((ROOT / "docs/results/ambiguities.json").read_bytes())
    page = (ROOT / "docs/algorithm1.md").read_text(encoding="utf-8")
    for table in tables(result):
        assert table.markdown() in page
