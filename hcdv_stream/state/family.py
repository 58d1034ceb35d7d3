"""Reading a column family: every record passes here, and no damage ends a scan quietly.

RocksDB's iterator stops at a damaged block as if it were the end; only its status tells the two
apart. Iterators also read a secondary correctly after its owner flushed, where ``get`` may return
what the flushed buffer held before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rocksdict import Rdict

from hcdv_stream.state.errors import StateError, cause_of
from hcdv_stream.state.layout import FAMILIES


class Family:
    """A column family as of when it was opened; raises StateError where it cannot be read."""

    def __init__(self, name: str, family: Rdict) -> None:
        self.name = name
        self._iterator = family.iter()

    def get(self, key: bytes) -> bytes | None:
        """Return the record of a key, None where there is none."""
        iterator = self._iterator
        iterator.seek(key)
        if not iterator.valid():
            self._check()
            return None
        value: bytes = iterator.value()
        return value if iterator.key() == key else None

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Return all keys and records in the order of the keys."""
        iterator = self._iterator
        iterator.seek_to_first()
        while iterator.valid():
            yield iterator.key(), iterator.value()
            iterator.next()
        self._check()

    def values(self) -> Iterator[bytes]:
        """Return all records in the order of their keys."""
        return (record for _, record in self.items())

    def release(self) -> None:
        """Let go of the database, which keeps its lock as long as an iterator is alive."""
        self._iterator = None

    def _check(self) -> None:
        """Raise StateError unless the iterator stopped at the end of the family."""
        try:
            self._iterator.status()
        except Exception as error:  # rocksdict raises no other class
            cause, fix = cause_of(error)
            raise StateError(
                f"the family {self.name!r} cannot be read because {cause}: {fix}"
            ) from error


@dataclass(frozen=True, slots=True)
class Families:
    """The column families of an open database in the order of ``FAMILIES``; a context manager.

    A record of ``centroids`` counts where it is of a later write than its leaf's own.
    """

    meta: Family
    nodes: Family
    leaves: Family
    centroids: Family
    log: Family
    providers: Family

    @classmethod
    def of(cls, database: Rdict) -> "Families":
        """Return the families as they are now, whatever is written later."""
        return cls(*(Family(name, database.get_column_family(name)) for name in FAMILIES))

    def release(self) -> None:
        """Let go of the database."""
        for name in FAMILIES:
            family: Family = getattr(self, name)
            family.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
