"""Several members: every answer is the mean of those of fits by the members' seeds."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream import HCDV
from hcdv_stream.estimator.constraints import ParameterError
from hcdv_stream.estimator.members.seeds import member_seeds
from tests.estimator.worlds import World, world

QUICK = {"epochs": 1, "dimensions": 3, "hidden": (4,)}
SMALL: dict[str, Any] = {"encoder_options": QUICK, "leaf_size": 32, "neighbours": 3}
WEIGHTS = ({}, {"utility": "class:yes", "beta": 0.2, "lam": 0.7}, {"lam": 0.0})


@pytest.fixture(scope="module")
def data() -> World:
    return world(120)


@pytest.fixture(scope="module")
def sellers() -> list[str | None]:
    return [None if row % 4 == 0 else f"seller-{row % 3}" for row in range(120)]


@pytest.fixture(scope="module")
def fitted(data: World, sellers: list[str | None]) -> HCDV:
    return HCDV(members=3, **SMALL).fit(*data[:4], provider=sellers)


@pytest.fixture(scope="module")
def singles(data: World, sellers: list[str | None]) -> list[HCDV]:
    """Return the slow reference: a fit of each member's seed, nothing shared."""
    return [
        HCDV(random_state=seed, **SMALL).fit(*data[:4], provider=sellers)
        for seed in member_seeds(0, 3)
    ]


def mean_of(singles: list[HCDV], answer: Callable[[HCDV], Any]) -> Any:
    return sum(answer(each) for each in singles) / len(singles)


def assert_means(ensemble: HCDV, singles: list[HCDV]) -> None:
    for weights in WEIGHTS:
        values, stderr = ensemble.value(**weights, return_stderr=True)
        each = [single.value(**weights, return_stderr=True) for single in singles]
        found = np.array([value for value, _ in each])
        np.testing.assert_allclose(values, found.mean(axis=0), rtol=0, atol=1e-15)
        within = sum(stated for _, stated in each) / len(each)
        between = sum((value - found.mean(axis=0)) ** 2 for value in found) / (len(each) - 1)
        np.testing.assert_allclose(stderr**2, within**2 + between / len(each), rtol=1e-9)
    assert ensemble.total_ == pytest.approx(mean_of(singles, lambda one: one.total_), abs=1e-12)
    assert ensemble.residual_ < 1e-9
    np.testing.assert_allclose(
        ensemble.payout_values_, mean_of(singles, lambda one: one.payout_values_), atol=1e-15
    )


@settings(max_examples=4)
@given(seed=st.integers(0, 2**32 - 1), members=st.integers(2, 3))
def test_answers_are_the_means_of_fits_by_the_members_seeds(seed: int, members: int) -> None:
    small = world(60)
    ensemble = HCDV(members=members, random_state=seed, **SMALL).fit(*small[:4])
    assert_means(
        ensemble,
        [HCDV(random_state=own, **SMALL).fit(*small[:4]) for own in member_seeds(seed, members)],
    )


def test_members_differ_and_more_of_them_change_nobodys_seed(singles: list[HCDV]) -> None:
    assert not np.array_equal(singles[0].values_, singles[1].values_)
    assert member_seeds(7, 5)[:3] == member_seeds(7, 3)
    assert len({*member_seeds(0, 50), *member_seeds(1, 50)}) == 100


def test_a_stream_goes_into_every_tree(data: World) -> None:
    judges = {"X_val": data.X_val, "y_val": data.y_val}
    ensemble, *singles = (
        HCDV(random_state=seed, members=members, **SMALL)
        for seed, members in [(0, 2), *((own, 1) for own in member_seeds(0, 2))]
    )
    for each in (ensemble, *singles):
        each.partial_fit(data.X[:70], data.y[:70], **judges)
        each.partial_fit(data.X[70:], data.y[70:])
        each.forget(range(5, 30))
        each.partial_fit(data.X[:3], data.y[:3], ids=[40, 41, 200])
    assert_means(ensemble, singles)
    assert list(ensemble.ids_) == list(singles[0].ids_)
    copy = pickle.loads(pickle.dumps(ensemble))
    np.testing.assert_array_equal(copy.forget([40]).values_, ensemble.forget([40]).values_)


def test_what_needs_no_tree_is_answered_by_the_mean(
    data: World, fitted: HCDV, singles: list[HCDV]
) -> None:
    paid = fitted.provider_values_
    assert paid == pytest.approx(
        {name: mean_of(singles, lambda one, name=name: one.provider_values_[name]) for name in paid}
    )
    np.testing.assert_array_equal(fitted.doubt_, singles[0].doubt_)
    issues = fitted.find_label_issues(0.3)
    np.testing.assert_array_equal(issues.value, fitted.values_[issues.indices])
    top = fitted.select(0.1, "top")
    assert fitted.values_[top].min() >= np.delete(fitted.values_, top).max()
    frame = fitted.to_frame()
    names = ["label", "value", "stderr", "evaluated", "provider"]
    assert list(frame.columns) == names
    np.testing.assert_allclose(frame["evaluated"], fitted.value(lam=0.0), atol=1e-15)
    with pytest.raises(ValueError, match="read-only"):
        fitted.values_[0] = 1.0


def test_provenance_tells_of_each_member(fitted: HCDV, singles: list[HCDV]) -> None:
    said = fitted.provenance_
    assert [each["seed"] for each in said["members"]] == member_seeds(0, 3)
    for each, single in zip(said["members"], singles, strict=True):
        assert each["encoder"] == single.provenance_["encoder"]
        assert each["tree"] == single.provenance_["tree"]
        assert each["tau"] == single.tau_
    assert said["parameters"]["members"] == 3
    assert "members" not in singles[0].provenance_


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda hcdv: hcdv.leaves_, id="leaves_"),
        pytest.param(lambda hcdv: hcdv.coalitions_, id="coalitions_"),
        pytest.param(lambda hcdv: hcdv.path(0), id="path"),
        pytest.param(lambda hcdv: hcdv.examples_in("p0-n0"), id="examples_in"),
    ],
)
def test_what_needs_one_tree_is_refused(
    fitted: HCDV, ask: Callable[[HCDV], Any], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    with pytest.raises(ValueError, match=f"{name} needs one tree, and each of the 3 members has"):
        ask(fitted)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"members": 0}, "members must be a whole number of at least 1, got 0"),
        ({"members": 2.0}, "members must be a whole number of at least 1, got 2.0"),
        ({"n_jobs": 0}, "n_jobs must be a whole number of processes"),
        ({"members": 2, "encoder": "identity"}, "members=2 needs encoder='contrastive'"),
        ({"members": 2, "encoder": np.asarray}, "members=2 needs encoder='contrastive'"),
    ],
)
def test_members_that_cannot_be(data: World, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        HCDV(**parameters).fit(*data[:4])


def test_members_are_fixed_by_the_first_call_and_processes_are_not(
    data: World, fitted: HCDV
) -> None:
    copy = pickle.loads(pickle.dumps(fitted))
    copy.set_params(n_jobs=2).forget([0])
    copy.set_params(members=2)
    with pytest.raises(ParameterError, match="members was 3 in the first call and is 2 now"):
        copy.forget([1])


def test_a_share_of_the_examples_is_everyones_v(data: World) -> None:
    hcdv = HCDV(members=2, validation_share=0.2, **SMALL).fit(data.X, data.y)
    trusted = np.isnan(hcdv.values_)
    assert trusted.sum() == 24
    assert np.isnan(hcdv.stderr_[trusted]).all()
    assert (hcdv.labels_[trusted] == -1).all()
    assert hcdv.residual_ < 1e-9


def test_processes_change_no_bit(data: World, fitted: HCDV, sellers: list[str | None]) -> None:
    other = HCDV(members=3, n_jobs=2, **SMALL).fit(*data[:4], provider=sellers)
    np.testing.assert_array_equal(other.values_, fitted.values_)
    np.testing.assert_array_equal(other.stderr_, fitted.stderr_)
