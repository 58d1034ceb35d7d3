"""Sends the sessions while the demo watches: a producer in a thread of its own."""

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from hcdv_stream.simulators.messages import Message
from hcdv_stream.simulators.publishing import Publisher, paced

_STOP_SECONDS = 10.0


class Feeder:
    """A context manager that sends ``messages`` at ``rate`` a second until it is left."""

    def __init__(
        self, bootstrap: str, topic: str, messages: Iterable[Message], rate: float | None
    ) -> None:
        self._publisher = Publisher(bootstrap, topic)
        self._messages = messages
        self._rate = rate
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(_STOP_SECONDS)

    @property
    def sent(self) -> int:
        """Sessions sent so far."""
        return self._publisher.sent

    @property
    def done(self) -> bool:
        """Whether everything was sent and acknowledged; raises what kept it from that."""
        if self._error is not None:
            raise self._error
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with self._publisher as publisher:
                for message in paced(self._messages, self._rate, sleep=self._wait):
                    if self._stop.is_set():
                        return
                    publisher.send(message)
        except Exception as error:  # raised where somebody looks: ``done``
            self._error = error

    def _wait(self, seconds: float) -> None:
        self._stop.wait(seconds)
