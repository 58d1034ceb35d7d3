"""Results of methods as files and as frames."""

import sys

import numpy as np
import pandas as pd
import pytest

from hcdv_stream.offline.estimate_files import EstimateFileError, read_estimate, write_estimate
from hcdv_stream.valuation.methods.algorithm1 import Algorithm1Sampler
from hcdv_stream.valuation.methods.baselines.data_shapley import banzhaf, tmc
from hcdv_stream.valuation.methods.baselines.leave_one_out import leave_one_out
from hcdv_stream.valuation.methods.level_structure import OwenSampler
from hcdv_stream.valuation.methods.levels import Levels
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import RankStability, Rounds
from tests.theory.games import random_game

GAME = random_game(6, 2)
LEVELS = Levels(np.array([[0, 0, 1, 1, 2, 2]]))
SAMPLERS = [tmc(0.1), banzhaf(20), OwenSampler(LEVELS), Algorithm1Sampler(LEVELS)]
IDS = [f"e{row}" for row in range(6)]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
def test_a_run_goes_on_from_a_file(sampler, tmp_path):
    part = run(sampler, GAME, Rounds(3), seed=5)
    write_estimate(tmp_path / "part.npz", part, IDS)
    kept = read_estimate(tmp_path / "part.npz")
    assert kept.ids.tolist() == IDS
    assert kept.estimate.provenance == part.provenance
    assert {"hcdv-stream", "numpy", "python"} <= set(kept.versions)
    until = RankStability(0.9) & Rounds(6)
    rest = run(sampler, GAME, until, seed=5, resume=kept.estimate)
    whole = run(sampler, GAME, until, seed=5)
    np.testing.assert_array_equal(rest.values, whole.values)
    np.testing.assert_array_equal(rest.stderr, whole.stderr)
    np.testing.assert_array_equal(rest.counts, whole.counts)
    assert rest.provenance == whole.provenance
    assert [path.name for path in tmp_path.iterdir()] == ["part.npz"]


def test_an_exact_result_comes_back(tmp_path):
    found = leave_one_out(GAME)
    write_estimate(tmp_path / "loo.npz", found)
    kept = read_estimate(tmp_path / "loo.npz")
    assert kept.ids is None
    np.testing.assert_array_equal(kept.estimate.values, found.values)
    assert kept.estimate.tally is None
    assert kept.estimate.provenance == found.provenance


def test_files_that_hold_none_are_refused(tmp_path):
    with pytest.raises(EstimateFileError, match="No such file"):
        read_estimate(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", values=np.zeros(3))
    np.savez(tmp_path / "object.npz", about=np.array([{}], object))
    for name in ("text.npz", "other.npz", "object.npz"):
        with pytest.raises(EstimateFileError, match="holds no estimate"):
            read_estimate(tmp_path / name)
    with pytest.raises(ValueError, match="6 values have 2 ids"):
        write_estimate(tmp_path / "few.npz", leave_one_out(GAME), ["a", "b"])
    assert not (tmp_path / "few.npz").exists()


def test_a_frame_has_a_row_per_player_and_remembers_where_it_is_from(tmp_path):
    estimate = run(tmc(), GAME, Rounds(4), seed=3)
    frame = estimate.to_frame(IDS)
    assert list(frame.columns) == ["value", "stderr", "count"]
    assert frame.index.tolist() == IDS
    assert frame.index.name == "id"
    np.testing.assert_array_equal(frame["value"], estimate.values)
    np.testing.assert_array_equal(frame["stderr"], estimate.stderr)
    np.testing.assert_array_equal(frame["count"], estimate.counts)
    frame.to_parquet(tmp_path / "values.parquet")
    again = pd.read_parquet(tmp_path / "values.parquet")
    pd.testing.assert_frame_equal(again, frame)
    assert again.attrs == estimate.provenance
    assert estimate.to_frame().index.tolist() == list(range(6))
    with pytest.raises(ValueError, match="6 values have 1 ids"):
        estimate.to_frame(["a"])


def test_without_pandas_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"hcdv-stream\[pandas\]"):
        leave_one_out(GAME).to_frame()
