"""Whether the broker answers this worker: one log line when it stops, one when it is back."""

import asyncio
import logging
from collections.abc import Callable

from hcdv_stream.runtime.logs import fields, take_suppressed_count
from hcdv_stream.worker.supervision.health import WorkerHealth

log = logging.getLogger(__name__)


class BrokerContact:
    """Records whether the broker answers, and reports it to ``health``."""

    def __init__(self, bootstrap: str, health: WorkerHealth) -> None:
        self._bootstrap = bootstrap
        self._health = health
        self.lost = False

    def answered(self, lag: int) -> None:
        """Record an answer; ``lag`` records wait."""
        silence = self._health.silence
        self._health.answered(lag)
        if self.lost:
            self.lost = False
            log.warning(
                "broker is back",
                extra=fields(
                    bootstrap=self._bootstrap,
                    seconds=round(silence, 1),
                    held_back=take_suppressed_count(),
                ),
            )

    def failed(self, error: Exception) -> None:
        """Record that the broker did not answer."""
        if not self.lost:
            self.lost = True
            take_suppressed_count()
            log.warning(
                "broker does not answer",
                extra=fields(bootstrap=self._bootstrap, error=repr(error)),
            )

    async def probe(self, answers: Callable[[str, float], bool], seconds: float) -> None:
        """Ask over another connection, to tell an absent broker from a stuck client."""
        self._health.probed(await asyncio.to_thread(answers, self._bootstrap, seconds))
