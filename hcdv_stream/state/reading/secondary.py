"""A database followed beside its owner: RocksDB's secondary instance, read through iterators.

It reads the owner's files and writes only in a temporary directory of its own (``scratch``).
Catching up costs what was written since, a fraction of what opening costs.
"""

import weakref
from pathlib import Path

from rocksdict import AccessType, Rdict

from hcdv_stream.state.family import Families
from hcdv_stream.state.layout import FAMILIES, options
from hcdv_stream.state.reading.temporary_directories import Scratch


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
        return Families.of(self._database)

    def close(self) -> None:
        """Let go of the owner's files."""
        self._database.close()
        self._tidy()
