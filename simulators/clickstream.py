"""The paper's stream, generated: days of web-shop sessions, about 15% of which end in a purchase.

38 features per session, 64 once the six categorical ones are one-hot encoded (32 indicators, 16
measured amounts, 16 affinities as an embedding of what was looked at). A day, up to the flipping
of labels, is a pure function of (seed, draw, day, sessions per day), so a longer stream continues a
shorter one. Days before 0 are the history that a bundle is trained on; another ``draw`` takes other
sessions from the same days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from hcdv_stream.simulators.providers import (
    PROVIDERS,
    SimulatedProvider,
    draw_providers,
    flipped_rows,
)
from hcdv_stream.simulators.world import CATEGORIES, Population, Visits
from hcdv_stream.valuation.arrays import Floats

Column = npt.NDArray[np.float64] | npt.NDArray[np.object_]

DAYS = 10
SESSIONS_PER_DAY = 1500
START = datetime(2026, 1, 5, tzinfo=UTC)
"""Midnight at which day 0 begins unless another is given; a Monday."""
CLASSES = ("no", "yes")
LABEL = "purchase"
ID = "session"
TIME = "time"
PROVIDER = "provider"
_EARLIEST_DAY = -10_000


@dataclass(frozen=True, slots=True)
class Sessions:
    """n sessions in order of time, as columns of shape (n,).

    ``columns`` maps a feature to numbers (float64) or to categories (object array of str);
    ``labels`` int16 index ``CLASSES``; ``flipped`` marks those whose label is wrong;
    ``timestamps`` are seconds since the epoch, ``days`` the day each belongs to.
    """

    ids: tuple[str, ...]
    timestamps: Floats
    days: npt.NDArray[np.int64]
    providers: tuple[str, ...]
    columns: Mapping[str, Column]
    labels: npt.NDArray[np.int16]
    flipped: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


def generate(
    days: int = DAYS,
    sessions_per_day: int = SESSIONS_PER_DAY,
    seed: int = 0,
    *,
    first_day: int = 0,
    draw: int = 0,
    start: datetime = START,
    flip_share: float = 0.0,
    drift: float = 1.0,
    providers: Sequence[SimulatedProvider] = PROVIDERS,
) -> Sessions:
    """Generate ``days`` days from ``first_day`` on, which may be negative: a history.

    ``flip_share`` of the labels are flipped, more of the careless providers'. ``start`` is the
    midnight of day 0. Raises ValueError where there is nothing to generate.
    """
    if days < 1 or sessions_per_day < 1:
        raise ValueError(
            f"days and sessions per day must be at least 1, got {days} and {sessions_per_day}"
        )
    source = _Source(Population(seed, drift), seed, draw, start, providers)
    parts = [source.day(first_day + day, sessions_per_day) for day in range(days)]
    clean = _joined(parts)
    carelessness = {provider.name: provider.carelessness for provider in providers}
    odds = np.array([carelessness[provider] for provider in clean.providers])
    generator = np.random.default_rng([seed, 2, draw, first_day - _EARLIEST_DAY])
    flipped = flipped_rows(flip_share, odds, generator)
    labels = np.where(flipped, 1 - clean.labels, clean.labels).astype(np.int16)
    return Sessions(
        *(clean.ids, clean.timestamps, clean.days, clean.providers, clean.columns),
        labels,
        flipped,
    )


@dataclass(frozen=True, slots=True)
class _Source:
    world: Population
    seed: int
    draw: int
    start: datetime
    providers: Sequence[SimulatedProvider]

    def day(self, day: int, count: int) -> Sessions:
        generator = np.random.default_rng([self.seed, 3, self.draw, day - _EARLIEST_DAY])
        midnight = self.start + timedelta(days=day)
        hour = np.sort(np.mod(generator.normal(15.5, 4.5, count), 24.0))
        visits = self.world.visits(hour, float(midnight.weekday() >= 5), day, generator)
        bought = self.world.buys(visits, day, generator)
        provider = draw_providers(count, self.providers, generator)
        blur = np.array([each.blur for each in self.providers])[provider]
        prefix = f"{midnight:%Y%m%d}-" + (f"{self.draw}-" if self.draw else "")
        return Sessions(
            ids=tuple(f"{prefix}{number:05d}" for number in range(count)),
            timestamps=midnight.timestamp() + np.round(hour * 3600.0, 3),
            days=np.full(count, day),
            providers=tuple(self.providers[index].name for index in provider),
            columns=_measured(visits, blur, generator),
            labels=bought.astype(np.int16),
            flipped=np.zeros(count, dtype=bool),
        )


def _measured(visits: Visits, blur: Floats, generator: np.random.Generator) -> dict[str, Column]:
    """What a provider's tracking sees of the visits, feature by feature."""
    count = len(visits.intent)
    columns: dict[str, Column] = {
        name: np.array(names, dtype=object)[visits.codes[name]]
        for name, names in CATEGORIES.items()
    }
    for name, amount in _amounts(visits, generator).items():
        columns[name] = np.round(amount * np.exp(blur * generator.normal(0.0, 1.0, count)), 4)
    columns["hour"] = np.floor(visits.hour)
    columns["weekend"] = visits.weekend
    columns["price_sensitivity"] = np.round(
        visits.price_sensitivity + generator.normal(0.0, 0.3 + blur), 4
    )
    seen = visits.affinities + generator.normal(0.0, 0.2, visits.affinities.shape)
    seen += blur[:, None] * generator.normal(0.0, 1.0, seen.shape)
    for index, affinity in enumerate(np.round(seen, 4).T):
        columns[f"affinity_{index:02d}"] = affinity
    return columns


def _amounts(visits: Visits, generator: np.random.Generator) -> dict[str, Floats]:
    """Measured amounts, all at least 0; intent shows in most of them, sharply in none."""
    intent = visits.intent
    pages: Floats = (1 + generator.poisson(np.exp(1.6 + 0.4 * intent))).astype(np.float64)
    product_pages: Floats = generator.binomial(pages.astype(np.int64), 0.55).astype(np.float64)
    dwell: Floats = pages * generator.lognormal(3.4 + 0.2 * intent, 0.4)
    return {
        "pages": pages,
        "product_pages": product_pages,
        "searches": generator.poisson(np.exp(-0.3 + 0.4 * intent)).astype(np.float64),
        "basket_adds": generator.poisson(np.exp(-0.8 + 0.8 * intent)).astype(np.float64),
        "dwell_seconds": dwell,
        "product_dwell_seconds": dwell * generator.beta(2.0 + product_pages, 3.0),
        "seconds_to_first_click": generator.lognormal(1.5 - 0.3 * intent, 0.6),
        "bounce_rate": 0.2 / pages * generator.lognormal(-0.25 * intent, 0.4),
        "exit_rate": 0.4 / (1.0 + product_pages) * generator.lognormal(-0.2 * intent, 0.3),
        "price_viewed": visits.price * generator.lognormal(0.0, 0.15, len(intent)),
        "discount_viewed": visits.discount * generator.lognormal(0.0, 0.15, len(intent)),
        "past_purchases": visits.past_purchases,
        "days_since_visit": generator.exponential(20.0 / (1.0 + visits.codes["visitor"])),
    }


def _joined(parts: Sequence[Sessions]) -> Sessions:
    return Sessions(
        ids=tuple(one for part in parts for one in part.ids),
        timestamps=np.concatenate([part.timestamps for part in parts]),
        days=np.concatenate([part.days for part in parts]),
        providers=tuple(one for part in parts for one in part.providers),
        columns={
            name: np.concatenate([part.columns[name] for part in parts])
            for name in parts[0].columns
        },
        labels=np.concatenate([part.labels for part in parts]),
        flipped=np.concatenate([part.flipped for part in parts]),
    )
