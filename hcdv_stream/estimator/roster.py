"""Who is in the corpus, in the order in which they came: the order of every array of results."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.estimator.targets import ids_of, plain


class Roster:
    """Ids by their spelling (``str``), and which of them judge instead of being valued."""

    def __init__(self) -> None:
        self.seen = 0
        self._given: dict[str, Any] = {}
        self._judges: set[str] = set()

    def __len__(self) -> int:
        return len(self._given)

    @property
    def names(self) -> list[str]:
        """Spellings of the ids, in order."""
        return list(self._given)

    @property
    def given(self) -> npt.NDArray[Any]:
        """The ids as they were given, in order."""
        given = list(self._given.values())
        if len(set(map(type, given))) == 1 and isinstance(given[0], int | str):
            return np.array(given)
        anything = np.empty(len(given), dtype=object)
        anything[:] = given
        return anything

    def enter(self, ids: Iterable[Any] | None, samples: int) -> list[str]:
        """Enter new examples, or replacements, and return their spellings.

        ``ids`` None counts on from the examples seen so far. Raises ValueError where a running
        number is taken, an id comes twice or is that of a judge.
        """
        counted = range(self.seen, self.seen + samples)
        listed = ids_of(counted if ids is None else ids, samples)
        names = [str(name) for name in listed]
        taken = self._given.keys() & names if ids is None else self._judges & set(names)
        if taken:
            reason = "is taken, so give ids" if ids is None else "is that of a validation example"
            raise ValueError(f"the id {min(taken)} {reason}")
        self._given.update(zip(names, listed, strict=True))
        self.seen += samples
        return names

    def appoint(self, names: Iterable[str]) -> None:
        """Make judges of some, for good."""
        self._judges.update(names)

    def find(self, ids: Iterable[Any]) -> list[str]:
        """Return the spellings of ids that are there.

        Raises KeyError for one that is not and ValueError for a judge.
        """
        names = [str(name) for name in plain(ids)]
        for name in names:
            if name not in self._given:
                raise KeyError(f"the id {name} is not there")
            if name in self._judges:
                raise ValueError(f"the id {name} is that of a validation example, which stays")
        return names

    def leave(self, names: Sequence[str]) -> None:
        """Strike some out."""
        for name in names:
            del self._given[name]
