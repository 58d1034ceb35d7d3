"""What a state knows of its time: how far V has moved, and whether V still agrees with arrivals."""

from dataclasses import dataclass
from typing import NamedTuple

UNIT = 1 << 20
UNKNOWN = -1
"""The baseline of an agreement that has not learnt one yet."""
BASELINE_ARRIVALS = 200
"""Arrivals that a baseline is learnt from."""


class Agreement(NamedTuple):
    """How arrivals of a class, or of a provider, agree with their nearest neighbours in V.

    ``seen`` arrivals were compared while the baseline was learnt, ``agreed`` is the sum of their
    shares, ``squared`` of their squares and ``expected`` what it was to be (2^-20). ``baseline`` is
    that of a class, or what a provider's is to those of its classes (2^-20; UNKNOWN before it is
    learnt). ``evidence`` is the statistic of ``divergence`` on a ``bet`` (2^-20), ``since`` the
    event time at which the alarm began, None without one; ``alarms`` counts those that began.
    ``turnover`` is how many evaluators of a class joined since the last baseline was begun, which a
    class that has an older one learns beside it; ``last`` the record at which a provider last sent
    something.
    """

    seen: int = 0
    agreed: int = 0
    squared: int = 0
    expected: int = 0
    baseline: int = UNKNOWN
    bet: int = 0
    evidence: int = 0
    since: float | None = None
    alarms: int = 0
    turnover: int = 0
    last: int = 0

    @property
    def learns(self) -> bool:
        """Whether the last baseline that was begun is still being learnt."""
        return self.seen < BASELINE_ARRIVALS


_WHOLE = Agreement(baseline=UNIT)
"""All arrivals together need no baseline: each is expected to agree as its class does."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How V has moved, and how it agrees with what arrives; part of the engine's state.

    ``begun`` is the event time of the first record, which the bundle's V is as old as; None before
    it. ``event_time`` is that of the last record, ``peers_since`` the event time from which on an
    example is a peer, None if every one is. ``joined`` counts trusted sessions, ``displaced`` the
    examples that they took the place of, ``dismissed`` deletions that took out no example,
    ``retired`` the evaluators that age or number took out. ``departed`` (C,) are the bundle's rows
    that are out of V; empty if none. ``whole``, ``classes`` (C,) and ``providers``, by name, are
    agreements.
    """

    begun: float | None = None
    event_time: float = 0.0
    peers_since: float | None = None
    joined: int = 0
    displaced: int = 0
    dismissed: int = 0
    retired: int = 0
    departed: tuple[int, ...] = ()
    whole: Agreement = _WHOLE
    classes: tuple[Agreement, ...] = ()
    providers: tuple[tuple[str, Agreement], ...] = ()

    @property
    def diverging(self) -> list[tuple[int | None, str | None, float]]:
        """Class and provider with an alarm, and since when; neither for all arrivals together."""
        found: list[tuple[int | None, str | None, Agreement]] = [(None, None, self.whole)]
        found += [(label, None, one) for label, one in enumerate(self.classes)]
        found += [(None, name, one) for name, one in self.providers]
        return [(label, name, one.since) for label, name, one in found if one.since is not None]

    @property
    def unvalued(self) -> int:
        """Records that count for no example, less deletions that removed none."""
        return self.joined + self.displaced - self.dismissed
