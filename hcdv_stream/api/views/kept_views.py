"""Views of the past: those that pages go on from, and those that histories are read from.

A view shares all leaves that did not change with the views before and after it, so keeping one
costs what has changed since, not the whole corpus. What they cost together is bounded, and once an
example was deleted, what still has it is dropped within a bounded time.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from hcdv_stream.api.views.view import StateView

_SPACING_SECONDS = 1.0
"""Least time between two views of the history."""


@dataclass(slots=True)
class _KeptView:
    view: StateView
    written_at: float
    historic: bool
    own_bytes: int = 0  # what the next entry has not


class KeptViews:
    """At most ``answered`` views that lists were made from, and a history; thread-safe.

    The history holds at most ``past`` views, dense near the present and ever sparser before. All
    that the newest view does not share takes at most ``most_bytes``: what goes over that is dropped
    from the old end, the history first. ``erasure_seconds`` after a deletion was seen, all older
    views are dropped; ``clock`` gives seconds.
    """

    def __init__(
        self,
        answered: int,
        past: int,
        most_bytes: int,
        erasure_seconds: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answered: OrderedDict[str, StateView] = OrderedDict()
        self._most = answered
        self._past = past
        self._most_bytes = most_bytes
        self._erasure_seconds = erasure_seconds
        self._clock = clock
        self._erase_at: float | None = None
        self._entries: list[_KeptView] = []  # oldest first, the newest view not among them
        self._newest: StateView | None = None
        self._lock = Lock()

    def keep(self, view: StateView) -> None:
        """An answer was made from this view that others may have to go on from."""
        with self._lock:
            known = view is self._newest or any(entry.view is view for entry in self._entries)
            if self._newest is not None and not known:
                return  # dropped while the answer was made
            self._answered[view.key] = view
            self._answered.move_to_end(view.key)
            while len(self._answered) > self._most:
                self._answered.popitem(last=False)
            self._tidy()

    def get(self, key: str) -> StateView | None:
        """Return a view that was kept, None where it is gone."""
        with self._lock:
            view = self._answered.get(key)
            if view is not None:
                self._answered.move_to_end(key)
            return view

    def record(self, view: StateView) -> None:
        """The state has come to this view: its predecessor becomes part of the history."""
        with self._lock:
            before, self._newest = self._newest, view
            if before is None:
                return
            if self._erase_at is None and view.deleted_since(before):
                self._erase_at = self._clock() + self._erasure_seconds
            historic = [entry for entry in self._entries if entry.historic]
            if before.identity != view.identity:
                for entry in historic:  # another bundle or other parameters: not the same values
                    entry.historic = False
                fits = False
            else:
                last = historic[-1].written_at if historic else float("-inf")
                fits = before.written_at >= last + _SPACING_SECONDS
            if not fits and before.key not in self._answered:
                before.rest(view)
            else:
                self._entries.append(_KeptView(before, before.written_at, fits))
                self._weigh(len(self._entries) - 2)
            if fits and len(historic) >= self._past:
                self._thin()
            self._tidy()

    def history(self) -> list[StateView]:
        """Return the views of the history, oldest first, the newest among them."""
        with self._lock:
            past = [entry.view for entry in self._entries if entry.historic]
            return past if self._newest is None else [*past, self._newest]

    def erase(self) -> bool:
        """Drop all views but the newest where that is due; return whether it was."""
        if self._erase_at is None or self._clock() < self._erase_at:
            return False
        with self._lock:
            self._erase_at = None
            self._entries.clear()
            newest = self._newest
            for key in [key for key, view in self._answered.items() if view is not newest]:
                del self._answered[key]
        return True

    @property
    def held_bytes(self) -> int:
        """Bytes of all views that the newest does not share, about."""
        with self._lock:
            return self._held()

    def _held(self) -> int:
        newest = self._newest
        return sum(entry.own_bytes + entry.view.derived_bytes(newest) for entry in self._entries)

    def _tidy(self) -> None:
        """Let go of what nobody goes on from, and of what is more than may be held."""
        for place in reversed(range(len(self._entries))):
            entry = self._entries[place]
            if entry.view.key not in self._answered:
                if entry.historic:
                    entry.view.rest(self._newest)
                else:
                    self._drop(place)
        self._weigh(len(self._entries) - 1)
        while self._entries and self._held() > self._most_bytes:
            places = [n for n, entry in enumerate(self._entries) if entry.historic]
            place = places[0] if places else 0
            entry = self._entries[place]
            if entry.historic and entry.view.key in self._answered:
                entry.historic = False
            else:
                self._answered.pop(entry.view.key, None)
                self._drop(place)

    def _drop(self, place: int) -> None:
        del self._entries[place]
        self._weigh(place - 1)

    def _weigh(self, place: int) -> None:
        if not 0 <= place < len(self._entries):
            return
        entry, last = self._entries[place], place == len(self._entries) - 1
        after = self._newest if last else self._entries[place + 1].view
        entry.own_bytes = entry.view.beside(after) if after else 0

    def _thin(self) -> None:
        """Drop from the history the view without which gaps stay smallest for their age."""
        entries = [entry for entry in self._entries if entry.historic]
        now = entries[-1].written_at

        def missed(place: int) -> float:
            before, after = entries[place - 1], entries[place + 1]
            age = max(now - entries[place].written_at, 1e-3)
            return (after.written_at - before.written_at) / age

        entries[min(range(1, len(entries) - 1), key=missed)].historic = False
