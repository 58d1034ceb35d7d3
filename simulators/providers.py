"""The data providers of the simulated click-stream, and whose labels are wrong.

A provider is good if its tracking is sharp and its labels are right. The simulation
knows the differences between providers; the valuation does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class SimulatedProvider:
    """One provider of sessions.

    ``share`` is its part of the stream (relative to the others'). ``blur`` >= 0 is how far its
    tracking is off: the standard deviation of an error that multiplies measured amounts by
    exp(error) and is added to affinities. ``carelessness`` >= 0 is how often its labels are wrong,
    relative to the other providers' and only where labels are flipped at all.
    """

    name: str
    share: float
    blur: float
    carelessness: float


PROVIDERS = (
    SimulatedProvider("atlas", share=0.30, blur=0.00, carelessness=0.2),
    SimulatedProvider("beacon", share=0.25, blur=0.15, carelessness=0.5),
    SimulatedProvider("cobalt", share=0.20, blur=0.30, carelessness=1.0),
    SimulatedProvider("dune", share=0.15, blur=0.60, carelessness=2.0),
    SimulatedProvider("ember", share=0.10, blur=1.00, carelessness=3.0),
)
"""From sharp and careful to blurred and careless."""


def draw_providers(
    count: int, providers: Sequence[SimulatedProvider], generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return who provided each of ``count`` sessions: indices of ``providers``, shape (count,)."""
    shares = np.array([provider.share for provider in providers])
    return generator.choice(len(providers), size=count, p=shares / shares.sum()).astype(np.int64)


def flipped_rows(
    share: float, odds: npt.NDArray[np.float64], generator: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Choose the rows whose labels are flipped, shape (n,).

    Exactly round(share · n) rows are chosen without replacement, one after the other, each with a
    probability proportional to its ``odds`` (n,), by exponential clocks (Efraimidis and Spirakis
    2006); rows with odds of 0 come last. Raises ValueError unless ``share`` lies in [0, 1].
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"the share of flipped labels must lie in [0, 1], got {share}")
    with np.errstate(divide="ignore"):
        clocks = generator.standard_exponential(len(odds)) / odds
    chosen = np.zeros(len(odds), dtype=bool)
    chosen[np.argsort(clocks, kind="stable")[: round(share * len(odds))]] = True
    return chosen
