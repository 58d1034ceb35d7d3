"""What cannot be used is refused in one sentence: the name, the value and what is accepted."""

import dataclasses
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC

from hcdv_stream.estimator.constraints import ENCODER_OPTIONS, ParameterError, check_parameters
from hcdv_stream.methods import (
    HCDV,
    METHODS,
    Algorithm1,
    BetaShapley,
    DataOOB,
    DataShapley,
    GroupShapley,
    KNNShapley,
    OwenValue,
    RandomValues,
)
from hcdv_stream.valuation.embedding.encoder_training import EncoderOptions

mpl.use("Agg")

from hcdv_stream.plots import coalition_map, value_histogram

X = np.random.default_rng(0).normal(size=(24, 3))
Y = np.arange(24) % 2
EVERY = [HCDV, *METHODS]


def fitted(method: Any = HCDV, **parameters: Any) -> Any:
    known = method().get_params()
    if "encoder" in known:
        parameters = {"encoder": "identity", **parameters}
    return method(**parameters).fit(X, Y, X[:8], Y[:8])


@pytest.mark.parametrize("method", EVERY, ids=lambda each: each.__name__)
def test_the_table_has_every_parameter_and_accepts_its_default(method: Any) -> None:
    check_parameters(method())


@pytest.mark.parametrize("method", EVERY, ids=lambda each: each.__name__)
def test_every_parameter_refuses_what_no_parameter_is(method: Any) -> None:
    for name in method().get_params():
        with pytest.raises(ParameterError, match=rf"^{name} must be .*, got <object object"):
            method(**{name: object()}).fit(X, Y, X[:8], Y[:8])


def test_the_table_has_every_option_of_the_encoder() -> None:
    assert set(ENCODER_OPTIONS) == {each.name for each in dataclasses.fields(EncoderOptions)}
    check_parameters(HCDV(encoder_options=dataclasses.asdict(EncoderOptions())))


@pytest.mark.parametrize(
    ("method", "name", "value", "accepted"),
    [
        (HCDV, "leaf_size", 2.5, "a whole number of at least 4, or auto"),
        (HCDV, "leaf_size", True, "a whole number of at least 4, or auto"),
        (HCDV, "branching", 0, "a sequence of whole numbers of at least 2"),
        (HCDV, "branching", (1,), "a sequence of whole numbers of at least 2"),
        (HCDV, "branching", "ab", "a sequence of whole numbers of at least 2"),
        (HCDV, "beta", "x", "a number of at least 0 and at most 1, or None"),
        (HCDV, "tau", 0, "a number above 0 and at most 2, or auto"),
        (HCDV, "random_state", -1, "a whole number from 0 to 4294967295"),
        (HCDV, "random_state", "x", "a whole number from 0 to 4294967295"),
        (HCDV, "permutations", 1, "a whole number of at least 2"),
        (HCDV, "encoder_options", 3, "a mapping of options, or None"),
        (BetaShapley, "beta", 0.0, "a number above 0"),
        (Algorithm1, "permutations", 0, "a whole number of at least 1"),
        (Algorithm1, "interpretation", "blend", "an Interpretation, or None"),
        (OwenValue, "levels", "x", "a sequence of whole numbers of at least 1"),
        (OwenValue, "levels", (2.5,), "a sequence of whole numbers of at least 1"),
        (GroupShapley, "groups", np.arange(5), "one of label, cluster, provider"),
        (DataOOB, "n_jobs", 0, "a whole number of processes, at least 1, or -1"),
        (DataShapley, "learner", LinearRegression(), "one of ridge, .* or a scikit-learn class"),
        (DataShapley, "learner", LogisticRegression, "one of ridge, .* or a scikit-learn class"),
        (DataShapley, "metric", None, "one of accuracy, balanced, auc, log-loss"),
        (DataShapley, "truncation", "x", "a number of at least 0, or None"),
        (KNNShapley, "utility", 3, "one of balanced, accuracy, class:<label>"),
        (RandomValues, "random_state", 1.5, "a whole number from 0 to 4294967295"),
    ],
)
def test_parameters_are_refused(method: Any, name: str, value: Any, accepted: str) -> None:
    with pytest.raises(ParameterError, match=f"^{name} must be {accepted}.*, got ") as refused:
        fitted(method, **{name: value})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"epoch": 3}, "encoder_options has no option 'epoch': give dimensions, "),
        ({"epochs": "3"}, r"encoder_options\['epochs'\] must be a whole number of at least 1"),
        ({"learning_rate": 0}, r"encoder_options\['learning_rate'\] must be a number above 0"),
    ],
)
def test_encoder_options_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        HCDV(encoder_options=options).fit(X, Y)


def test_numpy_numbers_and_other_classifiers_are_taken() -> None:
    found = fitted(leaf_size=np.int64(16), lam=np.float32(0.25), branching=np.array([4, 4]))
    assert found.provenance_["parameters"]["branching"] == [4, 4]
    assert found.provenance_["parameters"]["lam"] == 0.25
    found = DataOOB(n_jobs=np.int8(1), trees=3).fit(X, Y)
    assert len(found.values_) == 24
    check_parameters(DataShapley(learner=LinearSVC()))


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda e: e.select(None), ValueError, "share must be a number above 0 .*, got None"),
        (lambda e: e.select(0.5, "best"), ValueError, "strategy must be one of spread, top"),
        (lambda e: e.select(0.5, random_state=-1), ValueError, "random_state must be a whole"),
        (lambda e: e.select(0.5, lam="x"), ValueError, "lam must be a number of at least 0"),
        (lambda e: e.value(beta="x"), ValueError, "beta must be a number of at least 0 and at"),
        (lambda e: e.value(utility=3), ValueError, "utility must be one of balanced, accuracy"),
        (lambda e: e.value(utility="class:x"), ValueError, "the class 'x'; there are 0, 1"),
        (lambda e: e.path(999), IndexError, "an index into values_, which has 24 entries, got 999"),
        (lambda e: e.path("x"), IndexError, "an index into values_, which has 24 entries, got 'x'"),
        (lambda e: e.examples_in("p0-l99"), KeyError, "there is no coalition 'p0-l99'"),
        (lambda e: e.examples_in(["p0-l0"]), KeyError, "there is no coalition"),
        (lambda e: e.forget(3), TypeError, "ids must be a list .*, got 3"),
        (lambda e: e.forget("12"), TypeError, "ids must be a list .*, got '12'"),
        (lambda e: e.partial_fit(X, Y, provider="me"), TypeError, "provider must be a list"),
        (lambda e: e.partial_fit(X, Y, classes=[0, None]), ValueError, "classes has no label"),
        (lambda e: coalition_map(fitted(KNNShapley)), TypeError, "a fitted HCDV, got KNNShapley"),
        (lambda e: coalition_map(e, height=-1), ValueError, "height must be a whole number"),
        (lambda e: value_histogram(e, bins=0), ValueError, "bins must be a whole number"),
        (lambda e: value_histogram(["a"], labels=[1]), ValueError, "values must be numbers"),
    ],
)
def test_arguments_are_refused(call: Callable[[Any], Any], kind: type, sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        call(fitted())


@pytest.mark.parametrize("method", EVERY, ids=lambda each: each.__name__)
def test_results_before_a_fit_are_refused_alike(method: Any) -> None:
    name = method.__name__
    for attribute in ("values_", "stderr_", "classes_", "ids_", "provenance_"):
        with pytest.raises(NotFittedError, match=f"{name} is not fitted yet: call fit first, then"):
            getattr(method(), attribute)
    for call in (lambda e: e.select(0.5), lambda e: e.to_frame()):
        with pytest.raises(NotFittedError, match=f"{name} is not fitted yet: call fit first"):
            call(method())
    with pytest.raises(AttributeError, match=f"{name} has no attribute 'worth_'"):
        _ = fitted(method).worth_


def changing(**parameters: Any) -> Any:
    return fitted().set_params(**parameters)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("leaf_size", 32, "'auto' in the first call and is 32 now"),
        ("update_size", 3, "150 in the first call and is 3 now"),
        ("random_state", 5, "0 in the first call and is 5 now"),
        ("encoder", "contrastive", "'identity' in the first call and is 'contrastive' now"),
    ],
)
def test_what_the_first_call_fixed_cannot_change(name: str, value: Any, said: str) -> None:
    estimator = changing(**{name: value})
    for call in (lambda: estimator.partial_fit(X, Y), lambda: estimator.forget([0])):
        with pytest.raises(ParameterError, match=f"{name} was {said}: set it back, or call fit"):
            call()
    assert estimator.provenance_["parameters"][name] == fitted().get_params()[name]
    assert len(estimator.values_) == 24
    assert len(estimator.fit(X, Y).values_) == 24
    assert estimator.provenance_["parameters"][name] == value


def test_options_that_change_in_place_are_noticed() -> None:
    options = {"epochs": 1, "dimensions": 2}
    estimator = HCDV(encoder_options=options).fit(X, Y)
    options["epochs"] = 2
    assert estimator.provenance_["parameters"]["encoder_options"]["epochs"] == 1
    with pytest.raises(ParameterError, match=r"encoder_options was .* in the first call"):
        estimator.partial_fit(X, Y)


def test_weights_may_change_and_provenance_tells_them() -> None:
    estimator = changing(lam=0.4, utility="accuracy")
    estimator.partial_fit(X[:2], Y[:2])
    found = estimator.provenance_["parameters"]
    assert (found["lam"], found["utility"]) == (0.4, "accuracy")
    np.testing.assert_array_equal(estimator.values_, estimator.value(lam=0.4, utility="accuracy"))
    estimator.set_params(lam="x")
    with pytest.raises(ParameterError, match="lam must be a number of at least 0"):
        _ = estimator.values_


def test_the_game_of_algorithm1_fixes_the_weights() -> None:
    estimator = fitted(game="algorithm1", permutations=2).set_params(lam=0.4)
    assert estimator.provenance_["parameters"]["lam"] == 0.05
    with pytest.raises(ParameterError, match=r"lam was 0.05 in the first call and is 0.4 now"):
        estimator.forget([0])


def test_an_empty_corpus_answers_everything() -> None:
    estimator = fitted().forget(range(24))
    for strategy in ("spread", "top"):
        assert estimator.select(0.5, strategy).shape == (0,)
    assert estimator.to_frame().empty
    assert estimator.value(lam=0.4).shape == (0,)
    assert (estimator.total_, estimator.residual_, estimator.provider_values_) == (0.0, 0.0, {})
    assert estimator.examples_in("p0-n0").shape == (0,)
    with pytest.raises(IndexError, match="which has 0 entries, got 0"):
        estimator.path(0)
