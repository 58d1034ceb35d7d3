"""Which classes have examples and too few trusted evaluators to say what these are worth.

A deletion takes an evaluator out of V whatever is left of its class, and without evaluators of a
class nothing speaks for its examples.
"""

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]


def least_evaluators(least: int, bundled: Counts) -> Counts:
    """Return how many evaluators each class should keep, (C,).

    As many as ``validation_least`` says or the bundle has (``bundled``), whichever is less, and one
    at least.
    """
    return np.maximum(np.minimum(bundled, least), 1)


def short_of_evaluators(examples: Counts, evaluators: Counts, least: Counts | int = 1) -> list[int]:
    """Return the classes with examples and fewer evaluators than ``least``; by default with none.

    All counts are by class, (C,).
    """
    short: list[int] = np.flatnonzero((examples > 0) & (evaluators < least)).tolist()
    return short


def has_a_say(label: str, utility: str) -> bool:
    """Return whether evaluators of a class count: all do, except under "class:" another one."""
    _, of_one, only = utility.partition("class:")
    return not of_one or label == only
