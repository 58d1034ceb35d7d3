"""``partial_fit`` and ``forget``: the stream behind the same estimator."""

import numpy as np
import pytest

from hcdv_stream import HCDV
from tests.estimator.worlds import World, world


@pytest.fixture(scope="module")
def data() -> World:
    return world(600)


def test_a_first_partial_fit_is_a_fit(data: World) -> None:
    judges = {"X_val": data.X_val, "y_val": data.y_val}
    first = HCDV(encoder="identity").partial_fit(data.X, data.y, **judges)
    at_once = HCDV(encoder="identity", leaf_size=64).fit(*data[:4])
    np.testing.assert_array_equal(first.values_, at_once.values_)


def test_leaves_of_a_stream_are_smaller_than_those_of_a_corpus_at_hand(data: World) -> None:
    hcdv = HCDV(encoder="identity")
    streamed = len(set(hcdv.partial_fit(data.X, data.y).leaves_))
    assert len(set(hcdv.fit(data.X, data.y).leaves_)) < streamed


def test_samples_are_added_in_order(data: World) -> None:
    hcdv = HCDV(encoder="identity", leaf_size=64).fit(
        data.X[:300], data.y[:300], data.X_val, data.y_val
    )
    for start in range(300, 600, 70):
        hcdv.partial_fit(data.X[start : start + 70], data.y[start : start + 70])
    assert list(hcdv.ids_) == list(range(600))
    assert hcdv.values_.shape == (600,)
    assert hcdv.residual_ < 1e-9
    assert hcdv.provenance_["tree"]["records"] == 300
    whole = HCDV(encoder="identity").fit(*data[:4])
    assert np.corrcoef(hcdv.values_, whole.values_)[0, 1] > 0.85
    flipped = data.flipped[300:]
    assert hcdv.values_[300:][flipped].mean() < hcdv.values_[300:][~flipped].mean()


def test_the_cut_of_the_stream_changes_nothing(data: World) -> None:
    streams = []
    for step in (300, 31):
        hcdv = HCDV(encoder="identity").fit(data.X[:300], data.y[:300])
        for start in range(300, 600, step):
            hcdv.partial_fit(data.X[start : start + step], data.y[start : start + step])
        streams.append(hcdv.values_)
    np.testing.assert_array_equal(*streams)


def test_an_id_that_comes_again_is_replaced_where_it_stood(data: World) -> None:
    ids = [f"s{row}" for row in range(300)]
    hcdv = HCDV(encoder="identity").fit(data.X[:300], data.y[:300], ids=ids)
    before = hcdv.values_
    other = np.where(data.y[5] == "no", "yes", "no")
    hcdv.partial_fit(data.X[5:6], [str(other)], ids=["s5"], provider=["me"])
    assert list(hcdv.ids_) == ids
    assert hcdv.values_[5] < before[5]
    assert hcdv.to_frame().loc["s5", "label"] == other
    assert hcdv.to_frame().loc["s5", "provider"] == "me"


def test_what_is_forgotten_is_as_if_it_had_not_been(data: World) -> None:
    hcdv = HCDV(encoder="identity", tau=2.0).fit(data.X[:300], data.y[:300])
    before = hcdv.values_
    hcdv.partial_fit(data.X[300:350], data.y[300:350])
    assert not np.array_equal(hcdv.values_[:300], before)
    hcdv.forget(range(300, 350))
    np.testing.assert_array_equal(hcdv.values_, before)
    hcdv.forget(hcdv.ids_[::2])
    np.testing.assert_array_equal(hcdv.ids_, np.arange(1, 300, 2))
    assert hcdv.residual_ < 1e-9
    hcdv.partial_fit(data.X[:2], data.y[:2])
    np.testing.assert_array_equal(hcdv.ids_[-2:], [350, 351])


def test_everything_may_be_forgotten(data: World) -> None:
    hcdv = HCDV(encoder="identity").fit(data.X[:100], data.y[:100], data.X_val, data.y_val)
    hcdv.forget(range(100))
    assert hcdv.values_.shape == (0,)
    hcdv.partial_fit(data.X, data.y)
    assert np.isfinite(hcdv.values_).all()
    assert hcdv.values_.shape == (600,)


def test_what_is_not_there_cannot_be_forgotten(data: World) -> None:
    hcdv = HCDV(encoder="identity").fit(data.X[:50], data.y[:50])
    with pytest.raises(KeyError, match="50 is not there"):
        hcdv.forget([1, 50])
    assert len(hcdv.values_) == 50


def test_classes_may_be_named_before_they_come(data: World) -> None:
    only = data.y == "no"
    hcdv = HCDV(encoder="identity")
    hcdv.partial_fit(data.X[only], data.y[only], classes=["yes", "no"])
    assert list(hcdv.classes_) == ["no", "yes"]
    hcdv.partial_fit(data.X[~only], data.y[~only])
    assert hcdv.coalitions_[0].counts == {"no": only.sum(), "yes": (~only).sum()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": ["no", "maybe"]}, "classes were"),
        ({"X_val": np.zeros((1, 6)), "y_val": ["no"]}, "validation set is fixed"),
        ({"y": ["no", "maybe"]}, "'maybe'"),
        ({"ids": ["a", "a"]}, "ids must differ"),
        ({"X": [[np.nan] * 6] * 2}, "NaN"),
    ],
)
def test_later_calls_are_judged_before_anything_changes(
    data: World, arguments: dict[str, object], message: str
) -> None:
    hcdv = HCDV(encoder="identity").fit(data.X[:100], data.y[:100])
    before = hcdv.values_
    with pytest.raises(ValueError, match=message):
        hcdv.partial_fit(**({"X": data.X[:2], "y": data.y[:2]} | arguments))
    np.testing.assert_array_equal(hcdv.values_, before)


def test_running_numbers_do_not_replace_what_was_named(data: World) -> None:
    hcdv = HCDV(encoder="identity").fit(data.X[:9], data.y[:9], ids=range(9, 18))
    with pytest.raises(ValueError, match="the id 9 is taken, so give ids"):
        hcdv.partial_fit(data.X[9:10], data.y[9:10])
