"""What processes and directories take, and whether that grows."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from hcdv_stream.experiments.endurance.samples import (
    ResourceSampler,
    directory_sample,
    process_sample,
    slope_of,
)


def test_a_process_is_told_by_its_memory_descriptors_and_threads(tmp_path: Path) -> None:
    before = process_sample(os.getpid())
    with (tmp_path / "file").open("w"):
        during = process_sample(os.getpid())
    assert before["resident_bytes"] > before["anonymous_bytes"] > 5e6
    assert before["threads"] >= 1
    assert during["descriptors"] == before["descriptors"] + 1


def test_a_directory_is_told_by_its_files_and_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "one").write_bytes(b"x" * 30)
    (tmp_path / "two").write_bytes(b"x" * 12)
    assert directory_sample(tmp_path) == {"files": 2.0, "bytes": 42.0}


def test_a_slope_is_found_with_its_interval() -> None:
    seconds = np.arange(0.0, 1800.0, 5.0)
    noise = np.random.default_rng(3).normal(size=len(seconds))
    found = slope_of(seconds, 100.0 + 50.0 * seconds / 3600.0 + noise)
    assert found.low < 50.0 < found.high
    assert found.high - found.low < 15.0
    assert not found.is_flat
    assert found.growth == pytest.approx(25.0 / 112.5, rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_a_saw_tooth_is_flat(seed: int) -> None:
    seconds = np.arange(0.0, 1800.0, 5.0)
    noise = np.random.default_rng(seed).normal(size=len(seconds))
    found = slope_of(seconds, 1000.0 + 20.0 * ((seconds / 70.0) % 1.0) + noise)
    assert found.is_flat
    assert abs(found.growth) < 0.01


@pytest.mark.parametrize("memory_seconds", [5.0, 100.0, 250.0])
def test_what_wanders_is_seldom_taken_for_growth(memory_seconds: float) -> None:
    """Samples that resemble their neighbours wander far without growing."""
    generator, count = np.random.default_rng(11), 360
    kept = np.exp(-5.0 / memory_seconds)
    series = generator.normal(size=(300, 500 + count))
    for moment in range(1, 500 + count):
        series[:, moment] += kept * series[:, moment - 1]
    seconds = 5.0 * np.arange(count)
    flat = [slope_of(seconds, 100.0 + values[500:]).is_flat for values in series]
    assert np.mean(flat) > 0.94


def test_an_interval_misses_as_seldom_as_it_says() -> None:
    """Of 99% intervals of independent samples, one in a hundred misses."""
    generator, seconds = np.random.default_rng(5), 5.0 * np.arange(60)
    slopes = [slope_of(seconds, generator.normal(size=60)) for _ in range(4000)]
    missed = sum(not slope.low <= 0.0 <= slope.high for slope in slopes)
    assert 20 <= missed <= 62  # 40 expected, less than four standard deviations away


def test_growth_in_a_saw_tooth_is_found() -> None:
    seconds = np.arange(0.0, 1800.0, 5.0)
    noise = np.random.default_rng(3).normal(size=len(seconds))
    wave = 20.0 * ((seconds / 70.0) % 1.0) + noise
    found = slope_of(seconds, 1000.0 + wave + 50.0 * seconds / 1800.0)
    assert found.low < 100.0 < found.high
    assert not found.is_flat


def test_too_few_samples_have_no_slope() -> None:
    with pytest.raises(ValueError, match="needs 3 samples"):
        slope_of([0.0, 1.0], [1.0, 1.0])


def test_samples_are_taken_by_name_until_the_end() -> None:
    with ResourceSampler({"it": lambda: {"count": 5.0}}, every=0.01) as sampler:
        deadline = time.monotonic() + 20
        while len(sampler.seconds) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert sampler.seconds == sorted(sampler.seconds)
    slope = sampler.slopes()["it count"]
    assert (slope.per_hour, slope.mean) == pytest.approx((0.0, 5.0), abs=1e-6)
    assert slope.is_flat
