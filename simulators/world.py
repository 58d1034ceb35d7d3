"""The population behind the simulated click-stream: who comes, what they do, when they buy.

A visitor belongs to a segment, which sets tastes (affinities to kinds of goods), devices, ways in
and loyalty. A hidden intent drives both the visit and the purchase. From day to day two things
drift, smoothly and reproducibly: how many of each segment come (covariate drift), and what a taste
or a discount is worth for a purchase (concept drift).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "device": ("desktop", "mobile", "tablet"),
    "browser": ("chrome", "safari", "firefox", "edge", "other"),
    "traffic_source": (
        *("direct", "organic_search", "paid_search", "email"),
        *("social", "affiliate", "referral", "display"),
    ),
    "region": ("north", "south", "east", "west", "centre", "coast", "islands", "abroad"),
    "visitor": ("new", "returning", "loyal"),
    "landing_page": ("home", "category", "product", "promotion", "blog"),
}
"""32 indicator columns once they are one-hot encoded."""
AFFINITIES = 16
SEGMENTS = 8
PURCHASE_SHARE = 0.15
_DRIFT_DAYS = 14.0
_REFERENCE = 2_000
_REFERENCE_DAYS = 10


@dataclass(frozen=True, slots=True)
class Visits:
    """n visits before anything is measured; everything has shape (n,) but ``affinities``.

    ``codes`` index ``CATEGORIES``, ``affinities`` are (n, AFFINITIES), ``hour`` lies in [0, 24).
    """

    codes: Mapping[str, npt.NDArray[np.int64]]
    affinities: Floats
    intent: Floats
    hour: Floats
    weekend: Floats
    price: Floats
    discount: Floats
    price_sensitivity: Floats
    past_purchases: Floats


class Population:
    """One population, a pure function of ``seed``; ``drift`` >= 0 scales both drifts (0: none)."""

    def __init__(self, seed: int, drift: float = 1.0) -> None:
        if drift < 0.0:
            raise ValueError(f"drift must be at least 0, got {drift}")
        generator = np.random.default_rng([seed, 1])
        self._drift = drift
        self._share_logits = generator.normal(0.0, 0.5, SEGMENTS)
        self._share_phase = generator.uniform(0.0, 2 * np.pi, SEGMENTS)
        self._tastes = generator.normal(0.0, 1.0, (SEGMENTS, AFFINITIES))
        self._eagerness = generator.normal(0.0, 0.8, SEGMENTS)
        self._wealth = generator.normal(0.0, 0.5, SEGMENTS)
        self._habits = {
            name: generator.dirichlet(np.full(len(names), 1.5), SEGMENTS)
            for name, names in CATEGORIES.items()
        }
        self._source_pull = generator.normal(0.0, 0.5, len(CATEGORIES["traffic_source"]))
        self._response = generator.normal(0.0, 0.4, AFFINITIES)
        self._response_swing = generator.normal(0.0, 0.2, AFFINITIES)
        self._response_phase = generator.uniform(0.0, 2 * np.pi, AFFINITIES)
        appeals = [
            self._appeal(self.visits(np.zeros(_REFERENCE), 0.0, day, generator), day)
            for day in range(_REFERENCE_DAYS)
        ]
        self._intercept = _intercept(np.concatenate(appeals), PURCHASE_SHARE)

    def visits(
        self, hour: Floats, weekend: float, day: int, generator: np.random.Generator
    ) -> Visits:
        """Draw a visit for every hour of arrival, (n,), on ``day``."""
        count = len(hour)
        segment = _draw(np.broadcast_to(self._segment_shares(day), (count, SEGMENTS)), generator)
        codes = {name: _draw(habits[segment], generator) for name, habits in self._habits.items()}
        loyalty = codes["visitor"]
        return Visits(
            codes=codes,
            affinities=self._tastes[segment] + generator.normal(0.0, 0.7, (count, AFFINITIES)),
            intent=self._eagerness[segment]
            + self._source_pull[codes["traffic_source"]]
            + 0.35 * (loyalty - 1.0)
            + generator.normal(0.0, 1.0, count),
            hour=hour,
            weekend=np.full(count, weekend),
            price=np.exp(3.6 + self._wealth[segment] + generator.normal(0.0, 0.5, count)),
            discount=generator.beta(1.2, 5.0, count),
            price_sensitivity=generator.normal(-self._wealth[segment], 0.6, count),
            past_purchases=generator.poisson(0.2 + 1.3 * loyalty).astype(np.float64),
        )

    def buys(
        self, visits: Visits, day: int, generator: np.random.Generator
    ) -> npt.NDArray[np.bool_]:
        """Draw who of the visitors buys on that day, (n,)."""
        chance = 1.0 / (1.0 + np.exp(-self._intercept - self._appeal(visits, day)))
        bought: npt.NDArray[np.bool_] = generator.random(len(chance)) < chance
        return bought

    def _segment_shares(self, day: int) -> Floats:
        swing = np.sin(2 * np.pi * day / _DRIFT_DAYS + self._share_phase)
        odds = np.exp(self._share_logits + 0.4 * self._drift * swing)
        shares: Floats = odds / odds.sum()
        return shares

    def _appeal(self, visits: Visits, day: int) -> Floats:
        """Log odds of a purchase, up to the intercept."""
        angle = 2 * np.pi * day / _DRIFT_DAYS
        response = self._response + self._drift * self._response_swing * (
            np.sin(angle + self._response_phase) - np.sin(self._response_phase)
        )
        mobile = visits.codes["device"] == 1
        promoted = visits.codes["landing_page"] == 3
        bargain = (visits.discount - 0.2) * (1.0 + visits.price_sensitivity + promoted)
        appeal: Floats = (
            2.2 * visits.intent
            + visits.affinities @ response
            + (5.0 + 3.0 * self._drift * np.sin(angle)) * bargain
            - 0.8 * mobile * (np.log(visits.price) - 3.6)
            - 0.6 * visits.price_sensitivity
            + 0.7 * np.log1p(visits.past_purchases)
            + 0.3 * visits.weekend
        )
        return appeal


def _draw(odds: Floats, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw one category per row of ``odds`` (n, categories), whose rows sum to 1."""
    edges = np.cumsum(odds, axis=1)
    edges[:, -1] = 1.0
    drawn: npt.NDArray[np.int64] = (generator.random((len(odds), 1)) >= edges).sum(axis=1)
    return drawn


def _intercept(appeal: Floats, share: float) -> float:
    """Find by bisection the intercept at which the mean chance of a purchase is ``share``."""
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        if (1.0 / (1.0 + np.exp(-middle - appeal))).mean() > share:
            high = middle
        else:
            low = middle
    return (low + high) / 2
