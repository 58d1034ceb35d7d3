"""A database followed beside its owner: RocksDB's secondary instance, read through iterators.

It reads the owner's files and writes only in a temporary directory of its own (``scratch``).
Catching up costs what was written since, a fraction of what opening costs. After its owner flushed,
a secondary's ``get`` can return what the flushed buffer held before; its iterators merge by age and
are right.
"""

import weakref
from collections.abc import Iterable
from pathlib import Path

from rocksdict import AccessType, Rdict

from hcdv_stream.state.layout import FAMILIES, Families, options
from hcdv_stream.state.scratch import Scratch


class _Iterated:
    """A column family as of one catch-up."""

    def __init__(self, family: Rdict) -> None:
        self._iterator = family.iter()

    def get(self, key: bytes) -> bytes | None:
        """Return the record of a key, None where there is none."""
        iterator = self._iterator
        iterator.seek(key)
        if not iterator.valid():
            iterator.status()  # raises where it was not the end
            return None
        value: bytes = iterator.value()
        return value if iterator.key() == key else None

    def values(self) -> Iterable[bytes]:
        """Return all records in the order of their keys."""
        iterator = self._iterator
        iterator.seek_to_first()
        while iterator.valid():
            yield iterator.value()
            iterator.next()
        iterator.status()


class Secondary:
    """An existing database as of the last ``catch_up``, or of when it was opened.

    Errors are RocksDB's, as plain exceptions: a file vanished or moved underneath. Then it is of no
    use any more; open another.
    """

    def __init__(self, directory: Path) -> None:
        scratch = Scratch("hcdv-reader-")
        self._tidy = weakref.finalize(self, scratch.remove)
        families = {name: options() for name in FAMILIES}
        access = AccessType.secondary(str(scratch.path))
        self._database = Rdict(str(directory), options(), families, access)

    def catch_up(self) -> None:
        """Take in what the owner has written since."""
        self._database.try_catch_up_with_primary()

    def families(self) -> Families:
        """Return everything as it is now, whatever ``catch_up`` brings later."""
        return Families(*(_Iterated(self._database.get_column_family(name)) for name in FAMILIES))

    def close(self) -> None:
        """Let go of the owner's files."""
        self._database.close()
        self._tidy()
