"""The generated click-stream: its shape, reproducibility, drift, and that it can be learnt."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from hcdv_stream.simulators.clickstream import CLASSES, START, generate
from hcdv_stream.simulators.providers import PROVIDERS
from hcdv_stream.simulators.world import CATEGORIES


def one_hot(sessions):
    parts = []
    for name, column in sessions.columns.items():
        if column.dtype == object:
            parts += [(column == category).astype(float) for category in CATEGORIES[name]]
        else:
            parts.append(column)
    return np.column_stack(parts)


@pytest.fixture(scope="module")
def stream():
    return generate()


def test_it_is_the_papers_stream(stream):
    assert len(stream) == 15_000
    assert np.bincount(stream.days).tolist() == [1500] * 10
    assert one_hot(stream).shape == (15_000, 64)
    assert len(set(stream.ids)) == 15_000
    assert set(stream.providers) == {provider.name for provider in PROVIDERS}
    assert not stream.flipped.any()


def test_about_fifteen_percent_buy():
    shares = [generate(seed=seed).labels.mean() for seed in range(4)]
    assert shares == pytest.approx([0.15] * 4, abs=0.02)


def test_time_is_ordered_data_inside_its_day(stream):
    assert (np.diff(stream.timestamps) >= 0).all()
    offset = stream.timestamps - START.timestamp() - 86_400 * stream.days
    assert offset.min() >= 0
    assert offset.max() < 86_400


def test_features_are_finite_numbers_or_known_categories(stream):
    for name, column in stream.columns.items():
        if column.dtype == object:
            assert set(column) == set(CATEGORIES[name])
        else:
            assert np.isfinite(column).all()


def test_the_same_seed_gives_the_same_stream_and_another_does_not(stream):
    again, other = generate(), generate(seed=1)
    assert again.ids == stream.ids
    assert again.providers == stream.providers
    assert (again.labels == stream.labels).all()
    for name, column in stream.columns.items():
        assert (again.columns[name] == column).all()
    assert (other.labels != stream.labels).any()


def test_a_longer_stream_continues_a_shorter_one():
    short, longer = generate(2, 50), generate(4, 50)
    tail = generate(2, 50, first_day=2)
    assert longer.ids == short.ids + tail.ids
    assert (longer.labels == np.concatenate([short.labels, tail.labels])).all()


def test_another_draw_and_the_history_are_other_sessions():
    ids = [set(generate(3, 50, draw=draw).ids) for draw in (0, 1)]
    ids.append(set(generate(3, 50, first_day=-3).ids))
    assert len(set.union(*ids)) == 3 * 150


def test_the_start_moves_the_events():
    moved = generate(1, 20, start=datetime(2027, 3, 1, tzinfo=UTC))
    assert datetime.fromtimestamp(moved.timestamps[0], UTC).strftime("%Y%m%d") == "20270301"
    assert moved.ids[0].startswith("20270301-")


def test_flips_are_recorded_and_lie_with_the_careless():
    clean, noisy = generate(), generate(flip_share=0.1)
    assert noisy.flipped.sum() == 1500
    assert ((clean.labels != noisy.labels) == noisy.flipped).all()
    providers = np.array(noisy.providers)
    rates = [noisy.flipped[providers == provider.name].mean() for provider in PROVIDERS]
    assert rates == sorted(rates)
    assert rates[-1] > 5 * rates[0]


def test_gradient_boosting_learns_it(stream):
    test = generate(sessions_per_day=500, draw=1)
    model = HistGradientBoostingClassifier(random_state=0).fit(one_hot(stream), stream.labels)
    scores = model.predict_proba(one_hot(test))[:, 1]
    assert 0.83 <= roc_auc_score(test.labels, scores) <= 0.92
    providers = np.array(test.providers)
    by_provider = [
        roc_auc_score(test.labels[providers == name], scores[providers == name])
        for name in (PROVIDERS[0].name, PROVIDERS[-1].name)
    ]
    assert by_provider[0] > by_provider[1], "the blurred provider's sessions tell less"


def test_the_concept_drifts_and_only_if_it_is_told_to():
    """A model of day 0 loses on day 7 against a model of day 7, unless drift is 0."""
    losses = []
    for drift in (0.0, 2.0):
        days = [generate(1, 4000, first_day=day, drift=drift) for day in (0, 7)]
        test = generate(1, 4000, first_day=7, draw=1, drift=drift)
        scaler = StandardScaler().fit(one_hot(days[0]))
        aucs = []
        for day in days:
            model = LogisticRegression(max_iter=1000)
            model.fit(scaler.transform(one_hot(day)), day.labels)
            scores = model.predict_proba(scaler.transform(one_hot(test)))[:, 1]
            aucs.append(roc_auc_score(test.labels, scores))
        losses.append(aucs[1] - aucs[0])
    assert losses[0] < 0.01
    assert losses[1] > 0.02


@pytest.mark.parametrize("arguments", [{"days": 0}, {"sessions_per_day": 0}, {"drift": -1.0}])
def test_nothing_to_generate_is_refused(arguments):
    with pytest.raises(ValueError, match="at least"):
        generate(**arguments)


def test_labels_index_the_classes(stream):
    assert CLASSES == ("no", "yes")
    assert set(stream.labels) == {0, 1}
