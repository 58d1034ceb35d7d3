"""Does V still agree with what arrives? A CUSUM for all, for each class and each provider.

An arrival's agreement a is the share of its k nearest evaluators in all of V that carry its label.
The first arrivals of a class give its baseline m, taken low: 1.5 standard errors under their mean.
As V moves, other evaluators may agree a little less by chance, so the baseline is lowered further:
by 1.5 times √(2 f σ²/|V_c|), the standard error between two Vs that share the part 1 − f of the
class's evaluators. Once all of these are new, a baseline is learnt anew; the old one serves until
that is done.
Each later arrival adds log(1 + b·(m − a)) to the class's evidence, which never falls below 0. As a
bet on a fall by DROP, b = DROP / (σ² + DROP²) grows fastest, with σ² the variance at the baseline.
While the mean agreement is m or more, the factor 1 + b·(m − a) has an expectation of at most 1,
whatever the distribution; so by Lorden's inequality an alarm at log(RUN_LENGTH) comes on average
not before RUN_LENGTH arrivals. A provider's m is that of its classes times a factor of its own, so
that a provider that sends other classes than before raises no alarm. All arrivals together are
followed as well, each by its class's m: what is small in every class adds up. Whole numbers make
it exact.
"""

import math
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.drift.drift import UNIT, UNKNOWN, Agreement, Drift
from hcdv_stream.valuation.embedding.grid import Embeddings, cosines
from hcdv_stream.valuation.tree.evaluators import ABSENT

DROP = 0.15
"""The fall of the mean agreement that the alarm is tuned to."""
RUN_LENGTH = 100_000
"""Arrivals of a class, or of a provider, between two false alarms, at least, on average."""
THRESHOLD = math.ceil(math.log(RUN_LENGTH) * UNIT)
"""Evidence at which an alarm begins; it ends under half of it."""
MOST_PROVIDERS = 256
"""Providers that are followed: those that sent something last."""
MOST_COMPARED = 1024
"""With more evaluators than this, a share of the arrivals is compared, drawn by their ids."""
_ERRORS = 1.5
_LEAST_VARIANCE = 0.01
_MOST_STAKE = round(0.9 * UNIT)
"""Most of the capital that an arrival may cost."""


class Expected(NamedTuple):
    """What an arrival's agreement should be on average, and the bet on a fall (2^-20).

    ``slack`` is what the mean may be lower by chance, since V is not the one it was learnt with.
    """

    mean: int
    bet: int
    slack: int = 0


class Arrival(NamedTuple):
    """The share of an arrival's nearest evaluators that agree (2^-20), when, and which record."""

    share: int
    time: float
    record: int


class Divergence:
    """The agreements of one partition; ``classes`` C, ``neighbours`` k."""

    def __init__(self, classes: int, neighbours: int, drift: Drift) -> None:
        self._neighbours = neighbours
        self._count = classes
        self._classes = list(drift.classes)
        self._providers = dict(drift.providers)
        self.whole = drift.whole
        """Of all arrivals together, each expected to agree as its class does."""

    @property
    def classes(self) -> tuple[Agreement, ...]:
        """Of each class."""
        return tuple(self._classes)

    @property
    def providers(self) -> tuple[tuple[str, Agreement], ...]:
        """Of each provider that is followed, by name."""
        return tuple(sorted(self._providers.items()))

    def turn_over(self, label: int, size: int) -> None:
        """Note that an evaluator of a class of ``size`` joined; all new means a new baseline."""
        one = self._of_class(label)
        one = one._replace(turnover=one.turnover + 1)
        if one.turnover >= size and one.baseline != UNKNOWN and not one.learns:
            one = one._replace(seen=0, agreed=0, squared=0, expected=0, turnover=0)
        self._classes[label] = one

    def compare(
        self,
        arrivals: tuple[Sequence[str], npt.NDArray[np.int16], Embeddings],
        providers: Sequence[str | None],
        times: npt.NDArray[np.float64],
        first: int,
        panel: tuple[Embeddings, npt.NDArray[np.int16]],
    ) -> None:
        """Compare arrivals, in the order of the log, with V as it is at each of them.

        ``arrivals`` are ids, labels and embeddings, ``times`` the stream's event time after each;
        ``first`` numbers the first record. ``panel`` are V's embeddings and labels, ABSENT for
        rows that are not in it.
        """
        ids, labels, embeddings = arrivals
        size = int((panel[1] != ABSENT).sum())
        if not size:
            return
        chosen = [
            row
            for row, name in enumerate(ids)
            if labels[row] >= 0 and (size <= MOST_COMPARED or _drawn(name, size))
        ]
        if not chosen:
            return
        shares = agreement_shares(embeddings[chosen], labels[chosen], *panel, self._neighbours)
        counts = np.bincount(panel[1][panel[1] != ABSENT], minlength=self._count).tolist()
        for row, share in zip(chosen, shares.tolist(), strict=True):
            label = int(labels[row])
            arrival = Arrival(share, float(times[row]), first + row)
            self._take(label, counts[label], providers[row], arrival)

    def _of_class(self, label: int) -> Agreement:
        if not self._classes:
            self._classes = [Agreement()] * self._count
        return self._classes[label]

    def _take(self, label: int, size: int, provider: str | None, arrival: Arrival) -> None:
        """Take an arrival of a class that has so many evaluators."""
        found = self._of_class(label)
        share, time, record = arrival
        if found.baseline == UNKNOWN:
            self._classes[label] = _learnt(found, share, UNIT)
            return
        expected = Expected(found.baseline, found.bet, _slack(found, size))
        after = _after(found, share, expected, time)
        self._classes[label] = _learnt(after, share, UNIT) if after.learns else after
        self.whole = _after(self.whole, share, expected, time)
        if provider is None:
            return
        one = self._providers.get(provider)
        if one is None:
            if len(self._providers) >= MOST_PROVIDERS:
                oldest = min(self._providers, key=lambda name: (self._providers[name].last, name))
                del self._providers[oldest]
            one = Agreement()
        if one.baseline == UNKNOWN:
            after = _learnt(one, share, expected.mean)
        else:
            expected = expected._replace(mean=expected.mean * one.baseline // UNIT)
            after = _after(one, share, expected, time)
        self._providers[provider] = after._replace(last=record)


def _drawn(name: str, size: int) -> bool:
    """Whether an arrival is one of the MOST_COMPARED in ``size``."""
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) * size < MOST_COMPARED << 32


def _learnt(one: Agreement, share: int, expected: int) -> Agreement:
    """Return an agreement whose baseline learns from one more arrival, of which so much was usual.

    The last of BASELINE_ARRIVALS gives the baseline.
    """
    learnt = one._replace(
        seen=one.seen + 1,
        agreed=one.agreed + share,
        squared=one.squared + share * share // UNIT,
        expected=one.expected + expected,
    )
    return learnt if learnt.learns else _with_baseline(learnt)


def _after(one: Agreement, share: int, expected: Expected, time: float) -> Agreement:
    """Return an agreement whose evidence has taken one more arrival."""
    evidence = min(max(one.evidence + step(share, expected), 0), THRESHOLD)
    since, alarms = one.since, one.alarms
    if since is None and evidence >= THRESHOLD:
        since, alarms = time, alarms + 1
    elif since is not None and evidence < THRESHOLD // 2:
        since = None
    return one._replace(evidence=evidence, since=since, alarms=alarms)


def _slack(one: Agreement, size: int) -> int:
    """Return what V's turnover may lower the agreement of a class with ``size`` evaluators by.

    All of the old V has left while the next baseline is learnt. The bet tells the variance that
    it was made for.
    """
    if size <= 0 or one.bet <= 0:
        return 0
    replaced = 1.0 if one.learns else min(one.turnover / size, 1.0)
    variance = max(DROP * UNIT / one.bet - DROP * DROP, 0.0)
    return round(_ERRORS * math.sqrt(2.0 * replaced * variance / size) * UNIT)


def _with_baseline(one: Agreement) -> Agreement:
    """Return an agreement that has learnt what is usual."""
    mean = one.agreed / (one.seen * UNIT)
    variance = max(one.squared / (one.seen * UNIT) - mean * mean, _LEAST_VARIANCE)
    low = max(mean - _ERRORS * math.sqrt(variance / one.seen), 0.0)
    bet = DROP / (variance + DROP * DROP)
    ratio = low * one.seen * UNIT / max(one.expected, 1)
    return one._replace(baseline=round(ratio * UNIT), bet=round(bet * UNIT))


def step(share: int, expected: Expected) -> int:
    """Return what an arrival adds to the evidence, rounded down (2^-20)."""
    mean = min(max(expected.mean - expected.slack, 0), UNIT)
    bet = min(expected.bet, _MOST_STAKE * UNIT // max(UNIT - mean, 1))
    return math.floor(math.log1p(bet / UNIT * ((mean - share) / UNIT)) * UNIT)


def agreement_shares(
    embeddings: Embeddings,
    labels: npt.NDArray[np.int16],
    trusted: Embeddings,
    trusted_labels: npt.NDArray[np.int16],
    neighbours: int,
) -> npt.NDArray[np.int64]:
    """Share (2^-20) of each row's k nearest evaluators that carry its label, (n,).

    Evaluators that tie for the last place stand for it together, so no order of rows matters.
    Rows labelled ABSENT are none; V has at least one.
    """
    near = _closeness(embeddings, trusted, trusted_labels)
    most = min(neighbours, int((trusted_labels != ABSENT).sum()))
    rows = np.arange(len(near))
    hits = np.zeros(len(near), np.int64)
    last = np.zeros(len(near))
    for _ in range(most):
        nearest = near.argmax(axis=1)
        hits += trusted_labels[nearest] == labels
        last = near[rows, nearest]
        near[rows, nearest] = -np.inf
    shares = hits * UNIT // most
    tied = np.flatnonzero(near.max(axis=1) == last)
    if len(tied):
        near = _closeness(embeddings[tied], trusted, trusted_labels)
        shares[tied] = _tied_shares(near, trusted_labels == labels[tied, None], last[tied], most)
    return shares


def _closeness(
    embeddings: Embeddings, trusted: Embeddings, trusted_labels: npt.NDArray[np.int16]
) -> npt.NDArray[np.float64]:
    near = cosines(embeddings, trusted)
    near[:, trusted_labels == ABSENT] = -np.inf
    return near


def _tied_shares(
    near: npt.NDArray[np.float64],
    matches: npt.NDArray[np.bool_],
    last: npt.NDArray[np.float64],
    most: int,
) -> npt.NDArray[np.int64]:
    """Return the shares of rows in which several evaluators tie for the last place."""
    nearer, tied = near > last[:, None], near == last[:, None]
    room = most - nearer.sum(axis=1)
    whole = (nearer & matches).sum(axis=1) * UNIT
    part = room * (tied & matches).sum(axis=1) * UNIT // tied.sum(axis=1)
    shares: npt.NDArray[np.int64] = (whole + part) // most
    return shares
