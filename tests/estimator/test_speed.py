"""How long a fit takes, in seconds of the processor: other programs do not lengthen those."""

import time

import numpy as np

from hcdv_stream import HCDV


def test_ten_thousand_samples_take_less_than_a_second() -> None:
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(11_000, 64)), generator.integers(0, 2, 11_000)
    HCDV(encoder="identity").fit(X[:500], y[:500])
    began = time.process_time()
    fitted = HCDV(encoder="identity").fit(X[:10_000], y[:10_000], X[10_000:], y[10_000:])
    assert np.isfinite(fitted.values_).all()
    assert time.process_time() - began < 1.0
