"""Seeds of members: the first has that of the fit, the others seeds that follow from it."""

import numpy as np


def member_seeds(seed: int, members: int) -> list[int]:
    """Return a seed for each member, from 0 to 2^32 - 1; more members change nobody's."""
    return [seed, *(_derived(seed, member) for member in range(1, members))]


def _derived(seed: int, member: int) -> int:
    return int(np.random.SeedSequence([seed, member]).generate_state(1)[0])
