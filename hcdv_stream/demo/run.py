"""The demo from the first session to the last figure, on a service that is up."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hcdv_stream.demo.data import Prepared
from hcdv_stream.demo.downstream import SHARE, SelectionScorer, compare, detection
from hcdv_stream.demo.endpoints import UNANSWERED, api_client
from hcdv_stream.demo.feeder import Feeder
from hcdv_stream.demo.observation import Observation, Observer
from hcdv_stream.demo.service import RunningService
from hcdv_stream.errors import HcdvError
from hcdv_stream.simulators.messages import messages

_LOOK_SECONDS = 0.25
_STALL_SECONDS = 60.0


class DemoError(HcdvError):
    """A demo that cannot come to its end."""


@dataclass(slots=True)
class Stopwatch:
    """How long each part took, in seconds."""

    clock: Callable[[], float] = time.monotonic
    seconds: dict[str, float] = field(default_factory=dict)
    _began: float = -1.0

    def __post_init__(self) -> None:
        self._began = self.clock()

    def lap(self, name: str) -> None:
        """Book the time since the last lap under a name."""
        now = self.clock()
        self.seconds[name], self._began = round(now - self._began, 2), now


def stream(
    service: RunningService,
    prepared: Prepared,
    rate: float | None,
    show: Callable[[Observation], None],
) -> Observation:
    """Send every session and watch until the last one has taken effect; return the last look.

    Raises DemoError where nothing moves any more, and whatever ended a process or the sending.
    """
    now = None if prepared.timed else time.time()
    total = len(prepared.replay.examples)
    sessions = messages(prepared.replay.examples, now)
    observer = Observer(service)
    watch = _Movement()
    with Feeder(service.bootstrap, service.topic, sessions, rate) as feeder:
        while True:
            service.check()
            sent_all = feeder.done
            try:
                observation = observer.look()
            except UNANSWERED as error:
                watch.unanswered = str(error)
            else:
                show(observation)
                if sent_all and observation.applied >= total:
                    return observation
                watch.note(observation.applied)
            watch.check(feeder.sent, total)
            time.sleep(_LOOK_SECONDS)


@dataclass(slots=True)
class _Movement:
    """Whether sessions go on taking effect."""

    applied: int = -1
    moved: float = field(default_factory=time.monotonic)
    unanswered: str = ""

    def note(self, applied: int) -> None:
        self.unanswered = ""
        if applied != self.applied:
            self.applied, self.moved = applied, time.monotonic()

    def check(self, sent: int, total: int) -> None:
        if time.monotonic() - self.moved > _STALL_SECONDS:
            why = f" and {self.unanswered}" if self.unanswered else ""
            raise DemoError(
                f"no session was seen to take effect for {_STALL_SECONDS:.0f} s ({sent:,} of "
                f"{total:,} were sent){why}: see that this machine is not overloaded, try again"
            )


def compare_selections(
    service: RunningService, prepared: Prepared, seed: int, done: Callable[[], None]
) -> tuple[dict[str, float], float | None]:
    """Train models on what the API selects and values most; return their AUCs and the detection.

    Of an id that came several times the last example counts; what was rejected is no candidate.
    """
    examples = prepared.replay.examples
    try:
        with api_client(service.api) as client:
            found = client.examples_by_id(examples.ids)
            chosen = set(client.select(SHARE, seed=seed).ids)
    except UNANSWERED as error:
        raise DemoError(f"the values cannot be read, {error}: try again") from error
    values = {name: example.value for name, example in found.items()}
    last = {name: row for row, name in enumerate(examples.ids)}
    rows = np.array(sorted(row for name, row in last.items() if name in values), dtype=np.int64)
    candidates = examples.take(rows)
    valued = np.array([values[name] for name in candidates.ids])
    detected = detection(valued, candidates.labels, prepared.replay.flipped[rows])
    scorer = SelectionScorer.of(candidates, prepared.test, prepared.bundle.classes)
    selected = np.flatnonzero([name in chosen for name in candidates.ids])
    return compare(scorer, valued, selected, seed, done), detected
