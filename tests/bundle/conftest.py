"""One small table, and a bundle trained on it."""

import numpy as np
import pytest

from hcdv_stream.bundle.training import Trained, TrainingOptions, train_bundle
from hcdv_stream.valuation.embedding.encoder_training import EncoderOptions

ROWS = 600
OPTIONS = TrainingOptions(stage_one=EncoderOptions(epochs=4, dimensions=8))


def table(rows: int = ROWS, seed: int = 0):
    """Columns of every kind, and a label that depends on two of them."""
    generator = np.random.default_rng(seed)
    price = generator.lognormal(size=rows)
    country = generator.choice(["de", "fr", "it"], rows)
    score = np.log(price) + (country == "de") + generator.normal(scale=0.5, size=rows)
    age = np.where(generator.random(rows) < 0.1, np.nan, generator.normal(40, 10, rows))
    columns = {
        "price": price,
        "country": country.tolist(),
        "age": age,
        "returning": (generator.random(rows) < 0.5).tolist(),
    }
    return columns, np.where(score > 0.8, "yes", "no").tolist()


@pytest.fixture(scope="session")
def trained() -> Trained:
    columns, labels = table()
    return train_bundle(columns, labels, "bought", OPTIONS)
