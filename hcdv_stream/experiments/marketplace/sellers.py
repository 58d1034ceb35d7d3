"""Five sellers of Adult rows, drawn to the profiles that the paper's Table 4 gives."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.experiments.common.datasets import Dataset, Rows

HIGH_WOMEN = 0.45
"""Women are this much rarer among high incomes than among all, as in Adult."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A seller: rows, share of high incomes and of women, median age, levels of education."""

    name: str
    size: int
    high: float
    women: float
    age: int
    levels: int


PROFILES = (
    Profile("p1", 2000, 0.331, 0.354, 38, 13),
    Profile("p2", 2100, 0.418, 0.487, 34, 14),
    Profile("p3", 1950, 0.256, 0.319, 42, 11),
    Profile("p4", 2000, 0.302, 0.371, 36, 12),
    Profile("p5", 1950, 0.367, 0.436, 39, 13),
)


def drawn(
    data: Dataset, rows: Rows, profiles: Sequence[Profile], generator: np.random.Generator
) -> list[Rows]:
    """Draw each seller's rows among ``rows``, nobody's twice; fewer where the set runs out.

    Incomes and sexes are quotas; inside them half the rows are no older than the median age and
    half no younger; the levels of education are the most frequent ones.
    """
    free = np.zeros(len(data), np.bool_)
    free[rows] = True
    sold = []
    for profile in profiles:
        chosen = _one(data, free, profile, generator)
        free[chosen] = False
        sold.append(chosen)
    return sold


def _one(
    data: Dataset, free: npt.NDArray[np.bool_], profile: Profile, generator: np.random.Generator
) -> Rows:
    age = data.columns["age"].astype(np.float64)
    women = data.columns["sex"] == "Female"
    levels, counts = np.unique(data.columns["education"].astype(str), return_counts=True)
    common = levels[np.argsort(-counts, kind="stable")[: profile.levels]]
    allowed = free & np.isin(data.columns["education"].astype(str), common)
    high = profile.high * profile.size
    high_women = high * profile.women * HIGH_WOMEN
    quotas = {
        (1, True): high_women,
        (1, False): high - high_women,
        (0, True): profile.women * profile.size - high_women,
        (0, False): profile.size * (1.0 - profile.women) - (high - high_women),
    }
    taken: list[Rows] = []
    for (label, woman), quota in quotas.items():
        cell = allowed & (data.labels == label) & (women == woman)
        for side, count in (
            (age <= profile.age, round(quota) // 2),
            (age > profile.age, round(quota) - round(quota) // 2),
        ):
            taken.append(generator.permutation(np.flatnonzero(cell & side))[:count])
    return generator.permutation(np.concatenate(taken))
