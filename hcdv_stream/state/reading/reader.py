"""Reading a partition's state beside its live owner: current, cheap and never torn.

A look costs a directory listing. Only when the write-ahead log or the manifest has moved does a
secondary instance catch up, and only leaves and nodes that the update log names since the last look
are decoded. What is read belongs to one update where the manifest did not move meanwhile: the owner
deletes a write-ahead log only after recording its contents in the manifest. Otherwise it is read
again, and every record says which write it is of, which is compared with the update log. The log
also tells whether the owner went back meanwhile, as after a damage: then everything is read anew.

A secondary that caught up may have missed something without a word, as where a log vanished between
its listing and its reading. So once the owner has been quiet for a while, one opened anew is asked.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from hcdv_stream.state.errors import REBUILD, StateError, cause_of, explaining
from hcdv_stream.state.family import Families
from hcdv_stream.state.identity import Identity
from hcdv_stream.state.log_identity import LogIdentity
from hcdv_stream.state.reading.secondary import Secondary
from hcdv_stream.state.reading.snapshot import (
    check_log,
    read_all,
    read_changes,
    read_identity,
    read_log_identity,
    read_onwards,
    read_sequence,
)
from hcdv_stream.state.stored import Change, StoredPartition

_ATTEMPTS = 6
_PAUSE_SECONDS = 0.005
_CONFIRM_SECONDS = 2.0
_RETRY_SECONDS = 1.0
"""How long what could not be read is not tried again, as long as nothing was written."""
_MOST_CHANGES = 512  # beyond, everything is read anew

Signature = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _ReadState:
    stored: StoredPartition | None
    identity: Identity | None
    log: LogIdentity | None
    changes: tuple[Change, ...] | None
    database: bytes


class PartitionReader:
    """The state in ``directory`` as of the last ``refresh``; one thread at a time.

    ``stored`` is None until an update was found, ``identity`` until the state was created; ``log``
    is which log it is computed from, None if it does not say.
    ``changes`` are the log entries between the last two states, None where everything was read
    anew.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.stored: StoredPartition | None = None
        self.identity: Identity | None = None
        self.log: LogIdentity | None = None
        self.changes: tuple[Change, ...] | None = None
        self._seen: Signature = ()
        self._refused: tuple[Signature, str, float] | None = None
        self._database = b""
        self._secondary: Secondary | None = None
        self._opened: tuple[str, bytes] = ("", b"")
        self._confirm_at: float | None = None

    def refresh(self) -> bool:
        """Look for a new update; return whether ``stored`` is another one now.

        Raises StateError where the state cannot be read; ``stored`` then stays as it is.
        """
        problem: Exception | None = None
        before = _signature(self.directory)
        self._check_refused(before)
        for attempt in range(_ATTEMPTS):
            time.sleep(_PAUSE_SECONDS * attempt)
            before = _signature(self.directory)
            if before == self._seen:
                return self._confirm(before)
            if not before:
                return False
            try:
                found = self._look(before)
            except Exception as error:  # rocksdict raises no other: a file vanished or moved
                self.close()
                if self.stored is None and _is_being_created(self.directory, before):
                    return False
                problem = error
                continue
            if found is not None:
                self._seen = before
                self._confirm_at = time.monotonic() + _CONFIRM_SECONDS
                return self._accept(found)
        sentence = _unreadable(self.directory, problem)
        self._refused = (before, sentence, time.monotonic() + _RETRY_SECONDS)
        raise StateError(sentence) from problem

    def _confirm(self, before: Signature) -> bool:
        """Look once more with a secondary opened anew, once after each time that something came.

        Whatever fails then, the last answer stands, and it is tried again later.
        """
        if self._confirm_at is None or time.monotonic() < self._confirm_at:
            return False
        self._confirm_at = time.monotonic() + _CONFIRM_SECONDS
        self.close()
        try:
            found = self._look(before)
        except Exception:  # rocksdict raises no other
            self.close()
            return False
        if found is None:
            return False
        self._confirm_at = None
        return self._accept(found)

    def check_log(self) -> None:
        """Read the whole update log as of the last ``refresh``; raises StateError."""
        if self._secondary is not None and self.stored is not None:
            with explaining(self.directory), self._secondary.families() as families:
                check_log(families, self.stored.sequence)

    def close(self) -> None:
        """Let go of the owner's files; the next ``refresh`` opens them again."""
        if self._secondary is not None:
            self._secondary.close()
            self._secondary = None

    def _check_refused(self, found: Signature) -> None:
        """Raise what the last look did, if that was just now and nothing was written since."""
        if self._refused and self._refused[0] == found and time.monotonic() < self._refused[2]:
            raise StateError(self._refused[1])
        self._refused = None

    def _look(self, before: Signature) -> _ReadState | None:
        """Read what is there now; None where the manifest moved since ``before``."""
        database = (self.directory / "IDENTITY").read_bytes()
        secondary = self._current((before[0][0], database))
        # From here on all is in memory or in open files, whatever the owner does.
        if _manifest(_signature(self.directory)) != _manifest(before):
            return None
        anew = database != self._database
        with secondary.families() as families:
            stored, identity, changes = self._read(families, anew=anew)
            log = None if anew else self.log
            log = log or read_log_identity(families)
        return _ReadState(stored, identity, log, changes, database)

    def _current(self, opened: tuple[str, bytes]) -> Secondary:
        """Return a secondary as of now: opened anew where the owner has, else caught up."""
        if self._secondary is not None and self._opened == opened:
            self._secondary.catch_up()
            return self._secondary
        self.close()
        self._secondary = Secondary(self.directory)
        self._opened = opened
        return self._secondary

    def _read(
        self, families: Families, *, anew: bool
    ) -> tuple[StoredPartition | None, Identity | None, tuple[Change, ...] | None]:
        seen = None if anew else self.stored
        identity = self.identity or read_identity(families)
        if seen is not None and _goes_on(families, seen):
            sequence = read_sequence(families)
            if sequence == seen.sequence:
                return seen, identity, ()
            if seen.sequence < sequence <= seen.sequence + _MOST_CHANGES:
                changes = read_changes(families, seen.sequence, sequence)
                onwards = changes and read_onwards(families, seen, changes)
                if onwards:
                    return onwards, identity, changes
        return read_all(families), read_identity(families), None

    def _accept(self, found: _ReadState) -> bool:
        self.identity, self.log, self._database = found.identity, found.log, found.database
        if found.stored is self.stored:
            return False
        self.stored, self.changes = found.stored, found.changes
        return True


def _goes_on(families: Families, seen: StoredPartition) -> bool:
    """Whether what is there now came after ``seen``.

    An owner that lost its last writes went back and on from there; its next writes have the same
    numbers and are others. The log entry of ``seen`` then is another one, or is gone.
    """
    changes = read_changes(families, seen.sequence - 1, seen.sequence)
    return changes is not None and changes[0].position == seen.position


def _is_being_created(directory: Path, found: Signature) -> bool:
    """Whether nothing was ever written there: its owner, or its successor, is still making it."""
    return not any(size for _, size in found[1:]) and not any(directory.glob("*.sst"))


def _unreadable(directory: Path, problem: Exception | None) -> str:
    if problem is None:
        cause, fix = "its owner writes faster than it can be opened", "try again"
    elif isinstance(problem, StateError):
        return f"{directory} cannot be read now: {problem}"
    else:
        cause, fix = cause_of(problem)
    return f"{directory} cannot be read now because {cause}: {fix}"


def _signature(directory: Path) -> Signature:
    """Names and sizes of what moves with every write, the manifest first; empty without one."""
    sizes: dict[str, int] = {}
    try:
        current = (directory / "CURRENT").read_bytes().decode(errors="replace").strip()
        for path in directory.iterdir():
            if path.name == current or path.suffix == ".log":
                sizes[path.name] = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        if (directory / "CURRENT").exists() or not any(directory.glob("*.sst")):
            return ()
        raise StateError(
            f"{directory} cannot be read now because CURRENT is missing: {REBUILD}"
        ) from None
    return ((current, sizes.pop(current, 0)), *sorted(sizes.items()))


def _manifest(signature: Signature) -> Signature:
    return signature[:1]
