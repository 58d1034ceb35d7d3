"""What a method cannot be asked for is refused in a sentence, before anything is computed."""

from collections.abc import Callable

import numpy as np
import pytest

from hcdv_stream import methods

X = np.random.default_rng(0).normal(size=(24, 3))
Y = np.arange(24) % 2


def fitted(method: object) -> object:
    return method.fit(X[:16], Y[:16], X[16:], Y[16:])


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: methods.Seconds(-1.0), "seconds must be at least 0, got -1"),
        (lambda: methods.StandardError(-1.0), "most must be at least 0, got -1"),
        (lambda: methods.StandardError(0.1, share=2.0), "share must be from 0 to 1, got 2"),
        (lambda: methods.RankStability(2.0), "correlation must be from -1 to 1, got 2"),
        (lambda: methods.Interpretation(players="all"), "players must be one of siblings, level"),
        (
            lambda: fitted(methods.Algorithm1(encoder="identity", averaged="median")),
            "averaged must be one of mean, sum, got 'median'",
        ),
        (
            lambda: fitted(methods.OwenValue(encoder="identity", orders="random")),
            "orders must be one of independent, antithetic, stratified",
        ),
        (
            lambda: fitted(methods.OwenValue(encoder="identity", lam=float("nan"))),
            "lam must be a number of at least 0 and at most 1e",
        ),
    ],
)
def test_what_is_no_choice_is_refused(ask: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ask()


@pytest.mark.parametrize(
    "ask",
    [
        lambda: methods.Evaluations(5) & 3,
        lambda: fitted(methods.DataShapley(encoder="identity", until=5)),
    ],
)
def test_what_is_no_criterion_is_refused(ask: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="until must be a stopping criterion, such as Evaluations"):
        ask()
