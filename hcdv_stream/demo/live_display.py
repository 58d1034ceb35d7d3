"""Shows the demo as it goes: a live view in a terminal, a line now and then elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live

from hcdv_stream.demo import tables
from hcdv_stream.demo.observation import Observation

_LINE_SECONDS = 5.0


class LiveDisplay:
    """A context manager; ``show`` whatever was observed, as often as it was."""

    def __init__(self, console: Console, title: str, total: int, addresses: str) -> None:
        self._console = console
        self._title = title
        self._total = total
        self._addresses = addresses
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._next_line = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, observation: Observation) -> None:
        """Show this one in place of the one before."""
        if self._console.is_terminal:
            view = tables.live(self._title, self._total, self._addresses, observation)
            self._live.update(view, refresh=True)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_SECONDS
            told = observation.summary
            self._console.print(
                f"{observation.applied:,} of {self._total:,} sessions, "
                f"{observation.rate:,.0f}/s, latency p50 {observation.quantile(0.5):.3f} s "
                f"p99 {observation.quantile(0.99):.3f} s, {told['leaves']:,} leaves, "
                f"{told['spawned']:,} spawned, lag {tables.lag(told)}, "
                f"{observation.dead_letters:,} dead letters",
                highlight=False,
                soft_wrap=True,
            )
