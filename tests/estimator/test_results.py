"""What a fitted estimator answers."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from hcdv_stream import HCDV
from hcdv_stream.estimator.embedders import FunctionEmbedder
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.validation import Validation
from hcdv_stream.valuation.weights import Weights
from tests.estimator.worlds import World, world


@pytest.fixture(scope="module")
def data() -> World:
    return world()


@pytest.fixture(scope="module")
def fitted(data: World) -> HCDV:
    sellers = [None if row % 4 == 0 else f"seller-{row % 3}" for row in range(len(data.X))]
    return HCDV(encoder="identity", leaf_size=64).fit(*data[:4], provider=sellers)


def test_values_are_the_engines_in_the_order_of_x(data: World, fitted: HCDV) -> None:
    rows = np.arange(len(data.X))
    embedder, (embeddings, _) = FunctionEmbedder.fit(None, data.X, rows)
    codes = (data.y == "yes").astype(np.int16)
    judges = (data.y_val == "yes").astype(np.int16)
    sellers = [None if row % 4 == 0 else f"seller-{row % 3}" for row in rows]
    batch = Batch([str(row) for row in rows], codes, sellers, np.zeros(len(rows)), embeddings)
    validation = Validation(embedder.embed(data.X_val, 0).embeddings, judges)
    engine = Engine(EngineConfig(), 2, validation, plant(batch, 2, EngineConfig()))
    engine.play()
    corpus = Corpus(engine.state(), "routed", ("no", "yes"), validation.counts(2))
    for weights, given in (
        (Weights(), {}),
        (Weights("class:yes", 0.2, 0.7), {"utility": "class:yes", "beta": 0.2, "lam": 0.7}),
    ):
        values = corpus.values(weights)
        pairs = zip(values.value, values.stderr, strict=True)
        expected = dict(zip(corpus.ids, pairs, strict=True))
        found = fitted.value(**given, return_stderr=True)
        assert [expected[str(row)] for row in rows] == list(zip(*found, strict=True))


def test_values_add_up(fitted: HCDV) -> None:
    assert fitted.residual_ < 1e-9
    assert fitted.values_.sum() == pytest.approx(fitted.total_, abs=1e-9)
    assert (fitted.stderr_ > 0).any()


def test_flipped_labels_are_worth_least(data: World, fitted: HCDV) -> None:
    for label in ("no", "yes"):
        rows = data.y == label
        assert roc_auc_score(data.flipped[rows], -fitted.value(lam=1.0)[rows]) > 0.85


def test_other_weights_equal_a_refit(data: World, fitted: HCDV) -> None:
    again = HCDV(encoder="identity", utility="accuracy", beta=0.9, lam=0.0, leaf_size=64)
    sellers = [None if row % 4 == 0 else f"seller-{row % 3}" for row in range(len(data.X))]
    again.fit(*data[:4], provider=sellers)
    np.testing.assert_array_equal(
        fitted.value(utility="accuracy", beta=0.9, lam=0.0), again.values_
    )
    assert not np.array_equal(fitted.values_, again.values_)


def test_coalitions_sum_their_samples(fitted: HCDV) -> None:
    found = {each.name: each for each in fitted.coalitions_}
    root = fitted.coalitions_[0]
    assert root.parent is None
    assert root.size == len(fitted.values_)
    assert root.value == pytest.approx(fitted.total_, abs=1e-9)
    for name, coalition in found.items():
        rows = fitted.examples_in(name)
        assert len(rows) == coalition.size == sum(coalition.counts.values())
        assert fitted.values_[rows].sum() == pytest.approx(coalition.value, abs=1e-12)
        assert coalition.parent is None or found[coalition.parent].height == coalition.height + 1
    with pytest.raises(KeyError):
        fitted.examples_in("p0-l999")


def test_a_path_leads_from_the_root_to_the_leaf(fitted: HCDV) -> None:
    found = {each.name: each for each in fitted.coalitions_}
    path = fitted.path(7)
    assert path[0] == fitted.coalitions_[0].name
    assert path[-1] == f"p0-l{fitted.leaves_[7]}"
    assert [found[name].parent for name in path[1:]] == list(path[:-1])
    assert 7 in fitted.examples_in(path[-1])


def test_providers_are_paid_what_their_samples_are_worth(fitted: HCDV) -> None:
    rows = np.arange(len(fitted.values_))
    for seller in range(3):
        own = (rows % 4 != 0) & (rows % 3 == seller)
        assert fitted.provider_values_[f"seller-{seller}"] == pytest.approx(
            fitted.values_[own].sum(), abs=1e-12
        )
    assert len(fitted.provider_values_) == 3


def test_selections_are_indices_of_the_better_part(data: World, fitted: HCDV) -> None:
    spread = fitted.select(0.3)
    assert len(spread) == 120
    np.testing.assert_array_equal(np.bincount(data.y[spread] == "yes"), [60, 60])
    assert data.flipped[spread].mean() < data.flipped.mean() / 2
    np.testing.assert_array_equal(spread, fitted.select(0.3))
    assert not np.array_equal(spread, fitted.select(0.3, random_state=1))
    top = fitted.select(0.1, "top", lam=0.0)
    lowest = fitted.value(lam=0.0)[top].min()
    assert (np.delete(fitted.value(lam=0.0), top) <= lowest).all()


def test_a_frame_holds_everything(data: World, fitted: HCDV) -> None:
    frame = fitted.to_frame()
    names = ["label", "value", "stderr", "evaluated", "leaf", "path", "provider"]
    assert list(frame.columns) == names
    assert np.array_equal(frame["evaluated"], fitted.value(lam=0.0))
    assert frame.index.name == "id"
    np.testing.assert_array_equal(frame["value"], fitted.values_)
    np.testing.assert_array_equal(frame["label"], data.y)
    assert frame["leaf"].iloc[3] == fitted.path(3)[-1]
    assert frame["path"].iloc[3] == "/".join(fitted.path(3))
    paid = frame.groupby("provider")["value"].sum().to_dict()
    assert paid == pytest.approx(fitted.provider_values_)
    assert pd.DataFrame(fitted.coalitions_)["size"].iloc[0] == len(frame)


def test_provenance_says_how_to_get_the_values_again(data: World) -> None:
    first = HCDV(encoder="identity", random_state=np.random.RandomState(3)).fit(*data[:4])
    said = first.provenance_
    again = HCDV(**(said["parameters"] | {"random_state": said["seed"]})).fit(*data[:4])
    np.testing.assert_array_equal(first.values_, again.values_)
    assert said["versions"]["hcdv-stream"]
    assert said["examples"] == 400
    assert said["validation_examples"] == 100


def test_a_pickled_estimator_goes_on(data: World) -> None:
    original = HCDV(encoder="identity").fit(*data[:4])
    copy = pickle.loads(pickle.dumps(original))
    for each in (original, copy):
        each.partial_fit(data.X_val, data.y_val)
    np.testing.assert_array_equal(original.values_, copy.values_)


def test_values_cannot_be_changed_by_accident(fitted: HCDV) -> None:
    with pytest.raises(ValueError, match="read-only"):
        fitted.values_[0] = 1.0


def test_algorithm1_has_weighed_already(data: World) -> None:
    printed = HCDV(encoder="identity", game="algorithm1", lam=0.2).fit(*data[:4])
    assert printed.values_.sum() == pytest.approx(printed.total_, abs=1e-9)
    with pytest.raises(ValueError, match="fixed when algorithm1 was played"):
        printed.value(lam=1.0)
