"""Views of the past: those that pages go on from, and those that histories are read from.

A view shares all leaves that did not change with the views before and after it, so keeping one
costs what has changed since, not the whole corpus.
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from hcdv_stream.api.view import View

_SPACING_SECONDS = 1.0
"""Least time between two views of the history."""


@dataclass(slots=True)
class _Entry:
    view: View
    written_at: float
    own_bytes: int  # of leaves that the next entry has not


class KeptViews:
    """At most ``answered`` views that lists were made from, and a history; thread-safe.

    The history holds at most ``past`` views, dense near the present and ever sparser before, of at
    most ``most_bytes`` together; what goes over that is dropped from the old end.
    """

    def __init__(self, answered: int, past: int, most_bytes: int) -> None:
        self._answered: OrderedDict[str, View] = OrderedDict()
        self._most = answered
        self._past = past
        self._most_bytes = most_bytes
        self._history: list[_Entry] = []
        self._newest: View | None = None
        self._lock = Lock()

    def keep(self, view: View) -> None:
        """An answer was made from this view that others may have to go on from."""
        with self._lock:
            self._answered[view.key] = view
            self._answered.move_to_end(view.key)
            while len(self._answered) > self._most:
                self._answered.popitem(last=False)

    def get(self, key: str) -> View | None:
        """Return a view that was kept, None where it is gone."""
        with self._lock:
            view = self._answered.get(key)
            if view is not None:
                self._answered.move_to_end(key)
            return view

    def record(self, view: View) -> None:
        """The state has come to this view: its predecessor becomes part of the history."""
        with self._lock:
            entries, before, self._newest = self._history, self._newest, view
            if before is None:
                return
            if before.identity != view.identity:
                entries.clear()  # another bundle or other parameters: not the same values
            elif not entries or before.written_at >= entries[-1].written_at + _SPACING_SECONDS:
                entries.append(_Entry(before, before.written_at, 0))
                self._weigh(len(entries) - 2)
                self._thin()

    def history(self) -> list[View]:
        """Return the views of the history, oldest first, the newest among them."""
        with self._lock:
            past = [entry.view for entry in self._history]
            return past if self._newest is None else [*past, self._newest]

    def _thin(self) -> None:
        entries = self._history
        if len(entries) > self._past:
            place = self._least_missed()
            del entries[place]
            self._weigh(place - 1)
        while len(entries) > 1 and sum(each.own_bytes for each in entries) > self._most_bytes:
            del entries[0]

    def _weigh(self, place: int) -> None:
        if 0 <= place < len(self._history) - 1:
            entry, after = self._history[place : place + 2]
            entry.own_bytes = entry.view.beside(after.view)

    def _least_missed(self) -> int:
        """Return the entry without which gaps stay smallest for their age."""
        now = self._history[-1].written_at

        def missed(place: int) -> float:
            before, after = self._history[place - 1], self._history[place + 1]
            age = max(now - self._history[place].written_at, 1e-3)
            return (after.written_at - before.written_at) / age

        return min(range(1, len(self._history) - 1), key=missed)
