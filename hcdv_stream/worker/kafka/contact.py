"""Whether the broker answers this worker: one log line when it stops, one when it is back."""

import asyncio
import logging
from collections.abc import Callable

from hcdv_stream.runtime.logs import fields, held_back
from hcdv_stream.worker.supervision.health import Health

log = logging.getLogger(__name__)


class Contact:
    """Follows whether the broker answers, and tells ``health``."""

    def __init__(self, bootstrap: str, health: Health) -> None:
        self._bootstrap = bootstrap
        self._health = health
        self.lost = False

    def made(self, lag: int) -> None:
        """The broker answered; so many records wait."""
        silence = self._health.silence
        self._health.answered(lag)
        if self.lost:
            self.lost = False
            log.warning(
                "broker is back",
                extra=fields(
                    bootstrap=self._bootstrap, seconds=round(silence, 1), held_back=held_back()
                ),
            )

    def missed(self, error: Exception) -> None:
        """The broker did not answer."""
        if not self.lost:
            self.lost = True
            held_back()
            log.warning(
                "broker does not answer",
                extra=fields(bootstrap=self._bootstrap, error=repr(error)),
            )

    async def probe(self, answers: Callable[[str, float], bool], seconds: float) -> None:
        """Ask the broker over a connection of its own: is it gone, or is this client stuck?"""
        self._health.probed(await asyncio.to_thread(answers, self._bootstrap, seconds))
