"""Sets to tune on and sets to report on: two lists that were written down before any measurement.

A choice (a default, a rule, a threshold) may look at ``TUNING`` with seeds of at least
``FIRST_TUNING_SEED``. What is published is measured on ``REPORT``. One choice looked at a set of
these: V's share in ``label_errors`` was raised after a look at ring, which is therefore not blind.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from hcdv_stream.experiments.common.datasets import Dataset, adult, online_shoppers
from hcdv_stream.experiments.common.packaged_sets import keel, r_dataset

FIRST_TUNING_SEED = 100
MOST_ROWS = 3000
"""Rows that are kept of a larger set: enough to tell methods apart, cheap enough to repeat."""

SetReader = Callable[[Path], Dataset]

TUNING: Mapping[str, SetReader] = {
    "adult": adult,
    "online shoppers without PageValues": lambda data: online_shoppers(data, page_values=False),
    "phoneme": lambda _: keel("phoneme"),
    "satimage": lambda _: keel("satimage"),
    "spambase": lambda _: keel("spambase"),
    "magic": lambda _: keel("magic"),
    "cells": lambda _: r_dataset("modeldata", "cells", "class", drop=("case",)),
    "mortgages": lambda _: r_dataset("AER", "HMDA", "deny"),
}
"""Sets that defaults are chosen on, by name."""

REPORT: Mapping[str, SetReader] = {
    "page-blocks": lambda _: keel("page-blocks0", folder="imbalanced"),
    "penbased": lambda _: keel("penbased"),
    "ring": lambda _: keel("ring"),
    "marketing": lambda _: keel("marketing"),
    "texture": lambda _: keel("texture"),
    "churn": lambda _: r_dataset("modeldata", "mlc_churn", "churn"),
    "credit": lambda _: r_dataset("modeldata", "credit_data", "Status"),
    "caravan": lambda _: r_dataset("ISLR", "Caravan", "Purchase"),
}
"""Sets that results are reported on, by name; caravan is the CoIL 2000 challenge's."""


def read_set(
    sets: Mapping[str, SetReader], name: str, data: Path, most: int = MOST_ROWS
) -> Dataset:
    """Return at most ``most`` rows of a set, under its name; which rows is fixed for good.

    Each class keeps its share. Raises DatasetError where the set cannot be read.
    """
    whole = sets[name](data)
    named = Dataset(name, whole.columns, whole.labels, whole.classes)
    if len(named) <= most:
        return named
    generator = np.random.default_rng(2026)
    kept = []
    for label in np.unique(named.labels):
        rows = generator.permutation(np.flatnonzero(named.labels == label))
        kept.append(rows[: max(1, round(len(rows) * most / len(named)))])
    return named.take(np.sort(np.concatenate(kept)))
