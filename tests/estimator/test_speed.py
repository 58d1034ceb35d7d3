"""How long a fit takes, in seconds of the processor: other programs do not lengthen those."""

import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from hcdv_stream import HCDV
from hcdv_stream.valuation.engine import Engine


@pytest.mark.alone
def test_ten_thousand_samples_take_less_than_a_second() -> None:
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(11_000, 64)), generator.integers(0, 2, 11_000)
    HCDV(encoder="identity").fit(X[:500], y[:500])
    began = time.process_time()
    fitted = HCDV(encoder="identity").fit(X[:10_000], y[:10_000], X[10_000:], y[10_000:])
    assert np.isfinite(fitted.values_).all()
    assert time.process_time() - began < 1.0


def test_a_fit_plays_with_one_blas_thread_and_embeds_with_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = {}

    def threads(what: str) -> None:
        pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
        seen[what] = max(pool["num_threads"] for pool in pools)

    def embed(X: np.ndarray) -> np.ndarray:
        threads("encoder")
        return X

    def watched(self: Engine) -> None:
        threads("games")
        played(self)

    played = Engine.play
    monkeypatch.setattr(Engine, "play", watched)
    X = np.random.default_rng(0).normal(size=(40, 3))
    with threadpool_limits(limits=2, user_api="blas"):
        HCDV(encoder=embed).fit(X, [0, 1] * 20)
    assert seen == {"encoder": 2, "games": 1}
