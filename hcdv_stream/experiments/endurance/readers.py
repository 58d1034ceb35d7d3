"""Readers of the API during a soak: examples, rankings, providers, the summary in turn."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx


class Readers:
    """A context manager around threads that ask an API all the time, ``rate`` times a second each.

    ``seconds`` are the times of the reads of an example; ``statuses`` counts all answers.
    """

    def __init__(self, api: str, ids: Sequence[str], *, readers: int, rate: float) -> None:
        self._api = api
        self._rate = rate
        self._stop = threading.Event()
        self._lock = threading.Lock()
        questions = itertools.cycle([*(f"/v1/examples/{quote(id, safe='')}" for id in ids)])
        self._examples = questions
        self._threads = [
            threading.Thread(target=self._ask, name=f"reader-{number}") for number in range(readers)
        ]
        self.seconds: list[float] = []
        self.statuses: Counter[str] = Counter()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        heavy = itertools.cycle(("/v1/examples?limit=50", "/v1/providers", "/v1/summary"))
        with httpx.Client(base_url=self._api, timeout=30.0, trust_env=False) as client:
            for number in itertools.count():
                if self._stop.wait(1.0 / self._rate):
                    return
                with self._lock:
                    path = next(heavy) if number % 20 == 19 else next(self._examples)
                begin = time.monotonic()
                try:
                    status = str(client.get(path).status_code)
                except httpx.HTTPError as error:
                    status = type(error).__name__
                with self._lock:
                    self.statuses[status] += 1
                    if path.startswith("/v1/examples/"):
                        self.seconds.append(time.monotonic() - begin)
