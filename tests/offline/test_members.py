"""A file valued by several encoders: the mean of what each finds, on one V."""

import numpy as np
import pytest

from hcdv_stream.bundle.training import TrainingOptions
from hcdv_stream.offline.members import train_members, value_by_members
from hcdv_stream.offline.valuation import train_own_bundle, value_examples
from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.embedding.encoder_training import EncoderOptions

from .test_valuation import ROWS, sessions

OPTIONS = TrainingOptions(stage_one=EncoderOptions(epochs=1, dimensions=4, hidden=(4,)), seed=3)


@pytest.fixture(scope="module")
def trained():
    examples = sessions()
    bundle, judges = train_own_bundle(examples, "label", OPTIONS)
    valued = examples.take(np.setdiff1d(np.arange(ROWS), judges))
    trusted = examples.take(judges)
    return valued, train_members(bundle, trusted, valued, OPTIONS, members=3)


def test_members_share_v_and_schema_and_have_encoders_of_their_own(trained):
    _, (first, *others) = trained
    assert len({each.checksum for each in (first, *others)}) == 3
    for each in others:
        each.check("of a member")
        assert (each.schema, each.classes) == (first.schema, first.classes)
        np.testing.assert_array_equal(each.validation.labels, first.validation.labels)
        assert each.metrics != first.metrics


@pytest.mark.parametrize("rebuilt", [False, True])
def test_values_are_the_mean_of_the_members(trained, rebuilt):
    valued, bundles = trained
    settings, seen = load_settings(update_size=200), []
    found = value_by_members(valued, bundles, settings, seen.append, rebuilt=rebuilt)
    each = [value_examples(valued, bundle, settings, rebuilt=rebuilt) for bundle in bundles]
    values, stderr, evaluated = (
        np.stack([one.table[name].to_numpy() for one in each])
        for name in ("value", "stderr", "evaluated")
    )
    table = found.table
    np.testing.assert_allclose(table["value"].to_numpy(), values.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(table["evaluated"].to_numpy(), evaluated.mean(axis=0), atol=1e-15)
    variance = stderr.mean(axis=0) ** 2 + values.var(axis=0, ddof=1) / 3
    np.testing.assert_allclose(table["stderr"].to_numpy() ** 2, variance, rtol=1e-9)
    assert table["id"].equals(each[0].table["id"])
    assert not {"leaf", "path"} & set(table.column_names)
    assert found.total == pytest.approx(np.mean([one.total for one in each]), abs=1e-12)
    assert found.residual < 1e-9
    assert seen[-1] == 3 * len(valued)
    assert seen == sorted(seen)
