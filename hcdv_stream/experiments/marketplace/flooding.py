"""The attack: a seller floods the market with jittered copies of a few examples of its own."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.experiments.common.datasets import Column, Rows
from hcdv_stream.experiments.common.protocol import flip
from hcdv_stream.experiments.marketplace.market import Ground, Offer, offer, paid, worth
from hcdv_stream.valuation.config import Peers

SELLERS = 5
EACH = 1350
COPIED = 40
COPIES = 800
JITTER = 0.02
"""Standard deviation of what is added to a copy's numbers, in standard deviations of each."""
SETTINGS: tuple[Peers, ...] = ("all", "other-providers", "off")


def flooded(site: Ground) -> list[dict[str, Any]]:
    """Return the first of five like sellers' value and part: before, and with copies added."""
    generator = np.random.default_rng([site.seed, 5])
    each = min(EACH, len(site.offered) // SELLERS)
    rows = generator.permutation(site.offered)[: SELLERS * each]
    plain = offer(site, np.split(rows, SELLERS))
    labels, flipped = flip(plain.labels, len(site.data.classes), generator)
    honest = Offer(plain.embeddings, labels, plain.sellers)
    markets = {"before": honest.shuffled(np.random.default_rng(site.seed))}
    for name, wrong in (("wrong labels", True), ("right labels", False)):
        own = generator.permutation(np.flatnonzero(flipped[:each] == wrong))[:COPIED]
        copied = np.tile(own, -(-COPIES // len(own)))[: min(COPIES, each)]
        flood = _copies(site, rows[copied], labels[copied], generator)
        markets[name] = honest.and_then(flood).shuffled(np.random.default_rng(site.seed))
    found = []
    for peers in SETTINGS:
        for name, market in markets.items():
            values = worth(site, market, peers)
            found.append(
                {
                    "peers": peers,
                    "market": name,
                    "value": float(values[0]),
                    "others": float(values[1:].mean()),
                    "part": float(paid(values)[0]),
                }
            )
    return found


def _copies(
    site: Ground, rows: Rows, labels: npt.NDArray[np.int16], generator: np.random.Generator
) -> Offer:
    columns: dict[str, Column] = {}
    for name, column in site.data.take(rows).columns.items():
        if column.dtype == object:
            columns[name] = column
        else:
            spread = float(site.data.columns[name].astype(np.float64).std())
            noise = generator.normal(0.0, JITTER * spread, len(rows))
            columns[name] = column.astype(np.float64) + noise
    return Offer(site.bundle.encode_columns(columns), labels, np.zeros(len(rows), np.int64))
