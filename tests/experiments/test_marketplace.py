"""The marketplace experiment, whole but small, and its parts."""

from dataclasses import replace

import numpy as np
import orjson
import pytest
from sklearn.metrics import roc_auc_score

from hcdv_stream.experiments.common.datasets import Dataset, clickstream
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.marketplace import run as marketplace
from hcdv_stream.experiments.marketplace.attacks import (
    ATTACKS,
    Attack,
    attacked,
    honest,
    valued_examples,
)
from hcdv_stream.experiments.marketplace.many_markets import (
    ground_of,
    market_of,
    records,
    without_gaps,
)
from hcdv_stream.experiments.marketplace.market import gini, paid
from hcdv_stream.experiments.marketplace.sampled_shapley import SellersTruth, sampled_shapley
from hcdv_stream.experiments.marketplace.sellers import PROFILES, drawn
from hcdv_stream.experiments.marketplace.truths import (
    MODELS,
    CoalitionModels,
    consensus,
    matrix_of,
    reliability,
    truths,
)
from hcdv_stream.valuation.methods.semivalues import exact
from hcdv_stream.valuation.methods.utility import CoalitionGame

LEVELS = [f"level {number}" for number in range(16)]


def census(rows=60_000, seed=0):
    generator = np.random.default_rng(seed)
    sex = np.array(["Female", "Male"], dtype=object)[generator.integers(2, size=rows)]
    return Dataset(
        "made up",
        {
            "age": generator.integers(17, 80, rows).astype(np.float64),
            "sex": sex,
            "education": np.array(LEVELS, dtype=object)[generator.integers(16, size=rows)],
        },
        generator.integers(2, size=rows).astype(np.int16),
        ("low", "high"),
    )


def test_sellers_have_their_profiles_and_share_no_row():
    data = census()
    sold = drawn(data, np.arange(len(data)), PROFILES, np.random.default_rng(0))
    assert len(set(np.concatenate(sold).tolist())) == sum(map(len, sold))
    for profile, rows in zip(PROFILES, sold, strict=True):
        columns = data.take(rows).columns
        assert len(rows) == pytest.approx(profile.size, abs=3)
        assert data.labels[rows].mean() == pytest.approx(profile.high, abs=0.002)
        assert (columns["sex"] == "Female").mean() == pytest.approx(profile.women, abs=0.002)
        assert np.median(columns["age"]) == pytest.approx(profile.age, abs=1)
        assert len(set(columns["education"])) == profile.levels


def test_only_rows_on_offer_are_sold():
    data = census(2_000)
    sold = drawn(data, np.arange(100), PROFILES[:1], np.random.default_rng(0))
    assert len(sold[0]) > 0
    assert sold[0].max() < 100


def test_nobody_is_paid_for_harm():
    assert paid(np.array([3.0, -1.0, 1.0])).tolist() == [0.75, 0.0, 0.25]
    assert paid(np.array([-1.0, -2.0])).tolist() == [0.5, 0.5]


def test_gini():
    assert gini(np.array([0.25, 0.25, 0.25, 0.25])) == 0.0
    assert gini(np.array([0.0, 0.0, 0.0, 1.0])) == pytest.approx(0.75)


@pytest.fixture(scope="module")
def site():
    return ground_of(clickstream(500, 0), 0)


@pytest.mark.parametrize("sellers", [5, 20])
def test_sellers_of_a_market_differ_and_copies_come_last(site, sellers):
    market = market_of(site, sellers, np.random.default_rng(3))
    first = len(site.offered)
    assert sorted(market.rows[:first].tolist()) == sorted(site.offered.tolist())
    assert set(market.sellers.tolist()) == set(range(sellers))
    assert set(market.rows[first:].tolist()) <= set(site.offered.tolist())
    again = market.batch().fingerprints[:, 0]
    known = set(again[:first].tolist())
    assert len(again) > first
    assert set(again[first:].tolist()) <= known
    wrong = market.labels != site.data.labels[market.rows]
    shares = [wrong[market.sellers == seller].mean() for seller in range(sellers)]
    assert min(shares) < 0.05
    assert max(shares) > 0.2


def test_gaps_are_filled():
    data = Dataset(
        "gaps",
        {
            "x": np.array([1.0, np.nan, 3.0]),
            "y": np.array(["a", None, "b"], dtype=object),
        },
        np.zeros(3, np.int16),
        ("a",),
    )
    filled = without_gaps(data)
    assert filled.columns["x"].tolist() == [1.0, 2.0, 3.0]
    assert filled.columns["y"].tolist() == ["a", "", "b"]


def test_attacks_are_what_their_names_say(site):
    plain = honest(site).market
    size = len(plain.rows) // 5
    made = {name: attack(honest(site)) for name, attack in ATTACKS.items()}
    wrong = made["all labels wrong, ten names"]
    assert len(wrong.names) == 10
    mine = np.isin(wrong.market.sellers, sorted(wrong.names))
    assert (wrong.market.labels[mine] != site.data.labels[wrong.market.rows[mine]]).all()
    assert len(set(wrong.market.batch().fingerprints[:, 0].tolist())) >= 14 * size - 60
    assert len(made["labels at random, a name a row"].names) == size
    copies = made["five exact copies, other names"]
    assert len(copies.names) == 6
    assert len(copies.market.rows) == 10 * size
    assert len(set(copies.market.batch().fingerprints[:, 0].tolist())) <= 5 * size
    stolen = made["another's rows, sold before"].market
    assert (stolen.sellers[:size] == 0).all()
    assert len(set(made["split into five names"].market.sellers.tolist())) == 9


def test_what_cheating_gains(site):
    parts = {one["attack"]: one for one in attacked(site)}
    for name, one in parts.items():
        assert one["balance"] >= one["net"] - 1e-9
        if "all labels wrong" in name:
            assert one["balance"] <= 0.02
    copies = (parts["five exact copies, own name"], parts["five exact copies, other names"])
    assert copies[0]["balance"] == copies[1]["balance"]
    assert parts["labels at random, a name a row"]["margin"] == 0.0
    # names that are not below 0 can be merged without a difference
    both, merged = parts["none, two sellers"], parts["merged with another seller"]
    if both["net"] == both["balance"]:
        assert merged["balance"] == pytest.approx(both["balance"], abs=1e-6)


def test_truths_are_those_of_retrained_models(site):
    market = market_of(site, 3, np.random.default_rng(3))
    models = CoalitionModels(site, market, "logistic regression")
    game = models.game("AUC")
    everybody = np.ones((1, 3), np.bool_)
    nobody = np.zeros((1, 3), np.bool_)
    assert game(nobody)[0] == 0.5
    test = records(site, site.test, np.zeros(len(site.test), np.int64))
    model = MODELS["logistic regression"](len(market.rows))
    model.fit(matrix_of(site, market), market.labels)
    scores = model.predict_proba(matrix_of(site, test))
    wanted = np.mean([roc_auc_score(test.labels == c, scores[:, c]) for c in range(2)])
    assert game(everybody)[0] == pytest.approx(wanted)
    found = truths(site, market)["AUC"]["logistic regression"]
    assert found.values.sum() == pytest.approx(wanted - 0.5)
    assert not found.stderr.any()


def game_of(players: int) -> CoalitionGame:
    """Return a game with interactions, and what depends on size alone."""
    generator = np.random.default_rng(players)
    weights = generator.random(players)
    pairs = generator.normal(size=(players, players)) / 10

    def worth(members):
        return np.sqrt(members @ weights) + np.einsum("pi,ij,pj->p", members, pairs, members)

    return CoalitionGame(players, worth)


@pytest.mark.parametrize("players", [4, 7, 8])
def test_sampled_truths_are_the_exact_ones_within_their_errors(players):
    game = game_of(players)
    wanted = exact(game)
    far = []
    for seed in range(20):
        found = sampled_shapley(game, 200, np.random.default_rng(seed))
        assert found.values.sum() == pytest.approx(wanted.sum())
        far.append((found.values - wanted) / found.stderr)
    assert 0.3 < np.std(far) < 1.3
    assert np.abs(far).max() < 5


def test_additive_games_and_size_are_sampled_without_error():
    weights = np.arange(12.0)
    game = CoalitionGame(12, lambda members: members @ weights + np.sqrt(members.sum(axis=1)))
    found = sampled_shapley(game, 60, np.random.default_rng(0))
    assert found.values == pytest.approx(weights + np.sqrt(12) / 12)
    assert found.stderr.max() < 1e-9


def test_the_truths_errors_bound_what_can_correlate():
    values = np.random.default_rng(0).normal(size=4000)
    noise = np.random.default_rng(1).normal(size=(3, 4000)) / 2
    of = {
        str(place): SellersTruth(values + one, np.full(4000, 0.5))
        for place, one in enumerate(noise)
    }
    most = np.corrcoef(values, consensus({name: one.values for name, one in of.items()}))[0, 1]
    assert np.sqrt(reliability(of)) == pytest.approx(most, abs=0.01)


def test_copies_in_another_partition_are_paid_nothing(site):
    market = honest(site).market
    mine = market.take(np.flatnonzero(market.sellers == 0))
    copies = replace(mine, sellers=np.full(len(mine.rows), 5))
    valued = valued_examples(site, Attack(market.and_then(copies), frozenset({5}), 2))
    assert len(valued.payout) == len(market.rows) + len(mine.rows)
    per_seller = np.bincount(valued.sellers, np.abs(valued.payout))
    paid = np.bincount(valued.sellers, valued.payout != 0.0)
    assert per_seller[:5].min() > 0
    assert paid[0] + paid[5] <= len(set(mine.batch().fingerprints[:, 0].tolist()))
    # the numbers of records keep partitions in step: nearly all originals come first
    assert paid[5] < 0.1 * paid[0]


def test_it_runs_and_tables_come_from_its_json(monkeypatch):
    monkeypatch.setattr(marketplace, "adult", lambda data, size: census(size))
    result = marketplace.run(ExperimentOptions(None, seeds=1, small=True), Silent())
    stored = orjson.loads(orjson.dumps(result))
    (run,) = stored["runs"]
    assert len(run["flood"]) == 9
    assert all(sum(each["parts"]) == pytest.approx(1.0) for each in run["methods"].values())
    tables = marketplace.tables(stored)
    many = len(stored["markets"][0]["values"]) + 1
    paid = [many] if stored["markets"][0]["worth"]["certain"] else []
    attacks = [len(ATTACKS), 6, len(ATTACKS)]
    rows = [5, len(run["methods"]), 5, 6, many, *paid, 2, many, 2, *attacks]
    assert [len(table.rows) for table in tables] == rows
    assert "truths are sampled" in tables[-5].note
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
