"""Stratified splits of labelled rows, seeded."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


def stratified_split(
    labels: npt.NDArray[np.integer], shares: Sequence[float], seed: int
) -> list[Rows]:
    """Split n rows into len(shares) + 1 parts, each class in the same proportions.

    ``shares`` are fractions of n, summing to less than 1; the last part is what remains. Each part
    is in ascending order. A class gives each earlier part at least one row as long as more than
    half of its rows remain for the last, which always gets one.
    """
    if any(share < 0.0 for share in shares) or sum(shares) >= 1.0:
        raise ValueError(f"shares must be at least 0 and sum to less than 1, got {list(shares)}")
    generator = np.random.default_rng(seed)
    parts: list[list[Rows]] = [[] for _ in range(len(shares) + 1)]
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        least = 1 if len(members) > 2 * len(shares) else 0
        start = 0
        for part, share in zip(parts, shares, strict=False):
            size = max(round(share * len(members)), least if share > 0.0 else 0)
            size = min(size, len(members) - start - 1)
            part.append(members[start : start + size])
            start += size
        parts[-1].append(members[start:])
    return [np.sort(np.concatenate(part)) for part in parts]
