import numpy as np
import pytest

from hcdv_stream.bundle.errors import TrainingError
from hcdv_stream.bundle.training import TrainingOptions, train_bundle
from hcdv_stream.offline.examples import Examples
from hcdv_stream.offline.valuation import ValuationError, train_own_bundle, value_examples
from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.embedding.encoder_training import EncoderOptions

ROWS = 500
OPTIONS = TrainingOptions(stage_one=EncoderOptions(epochs=4, dimensions=8))


def sessions(seed=0):
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=ROWS), generator.normal(size=ROWS)
    labels = np.where(x + 0.3 * generator.normal(size=ROWS) > 0.5, "yes", "no").tolist()
    return Examples(
        ids=[f"e{row}" for row in range(ROWS)],
        labels=labels,
        providers=[f"p{row % 3}" for row in range(ROWS)],
        timestamps=generator.permutation(ROWS).astype(np.float64),
        columns={"x": x.tolist(), "y": y.tolist()},
    )


@pytest.fixture(scope="module")
def bundle():
    examples = sessions(1)
    return train_bundle(examples.columns, examples.labels, options=OPTIONS).bundle


def by_id(result):
    return {row["id"]: row for row in result.table.to_pylist()}


def test_time_decides_not_the_order_of_the_file(bundle):
    examples = sessions()
    shuffled = examples.take(np.random.default_rng(2).permutation(ROWS))
    settings = load_settings()
    first, second = (value_examples(each, bundle, settings) for each in (examples, shuffled))
    assert by_id(first) == by_id(second)
    assert second.table["id"].to_pylist() == shuffled.ids
    assert (first.total, first.leaves) == (second.total, second.leaves)


@pytest.mark.parametrize("game", ["routed", "algorithm1"])
def test_values_sum_to_the_worth_of_the_whole(bundle, game):
    result = value_examples(sessions(), bundle, load_settings(game=game))
    assert sum(result.table["value"].to_pylist()) == pytest.approx(result.total, abs=1e-9)
    assert result.residual < 1e-9
    assert len(result.table) == ROWS


def test_wrong_labels_are_worth_less(bundle):
    examples = sessions()
    flipped = np.random.default_rng(3).permutation(ROWS)[:50]
    for row in flipped:
        examples.labels[row] = "yes" if examples.labels[row] == "no" else "no"
    values = value_examples(examples, bundle, load_settings()).table["value"].to_numpy()
    right = np.delete(np.arange(ROWS), flipped)
    assert np.median(values[flipped]) < np.quantile(values[right], 0.1)


def test_progress_counts_examples(bundle):
    seen: list[int] = []
    value_examples(sessions(), bundle, load_settings(update_size=200), seen.append)
    assert seen == [200, 400, 500]


def test_a_bundle_of_its_own_keeps_its_judges_apart():
    examples = sessions()
    bundle, judges = train_own_bundle(examples, "bought", OPTIONS)
    assert len(judges) == len(bundle.validation) == pytest.approx(ROWS / 10, abs=1)
    assert bundle.label == "bought"
    classes = [bundle.class_of(examples.labels[row]) for row in judges]
    assert classes == bundle.validation.labels.tolist()


def test_a_class_too_rare_to_train_on_is_named_with_its_rows_in_the_file():
    examples = sessions()
    examples.labels[:5] = ["rare"] * 5
    with pytest.raises(TrainingError, match=r"'rare' has too few rows \(5, of which 2 .*; 3 are"):
        train_own_bundle(examples, "bought", OPTIONS)


def test_what_does_not_fit_at_all_says_why(bundle):
    examples = sessions()
    words = Examples(
        examples.ids,
        examples.labels,
        examples.providers,
        examples.timestamps,
        {"x": ["a"] * ROWS, "y": examples.columns["y"]},
    )
    with pytest.raises(ValuationError, match=r"none of the 500 rows fits.*'x' must be a number"):
        value_examples(words, bundle, load_settings())
