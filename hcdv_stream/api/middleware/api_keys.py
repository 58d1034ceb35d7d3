"""API keys: who may ask for what. Only their hashes are kept, and compared in constant time.

A key is 32 random bytes, so a plain SHA-256 is as hard to turn back as the key is to guess. The
file has a line for each key, ``NAME SCOPE[,SCOPE] sha256:HEX``; lines that begin with # are for
people. It is read again at once when its size or time changes, and by content every second.

A file that cannot be used takes every key with it: which of them were taken out of it, nobody
knows. So does one that is half written; the next look finds it whole.
"""

import logging
import re
import secrets
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from hcdv_stream.errors import HcdvError
from hcdv_stream.runtime.logs import fields
from hcdv_stream.serving.hosts import is_loopback
from hcdv_stream.settings import Settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""The file is read at least so often while anybody asks or the server runs."""
_PREFIX, _HASH = "hcdv_", "sha256:"
_MOST_BYTES = 1 << 20
_NAME = re.compile(r"\w\S*")
"""What begins otherwise, with ; or // for instance, may be meant to be no key any more."""


class Scope(StrEnum):
    """What a key is good for."""

    READ = "read"
    EXPORT = "export"
    METRICS = "metrics"
    SHARD = "shard"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the file; ``admin`` among the scopes stands for all of them."""

    name: str
    scopes: frozenset[Scope]
    digest: str

    def may(self, scope: Scope) -> bool:
        """Whether the key is good for that."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    @property
    def line(self) -> str:
        """The key's line."""
        return f"{self.name} {','.join(sorted(self.scopes))} {_HASH}{self.digest}\n"


def new_key(name: str, scopes: Sequence[Scope]) -> tuple[str, Key]:
    """Make a key: the secret, which is kept nowhere, and its entry.

    Raises HcdvError for a name that a line cannot hold.
    """
    if not _NAME.fullmatch(name):
        raise HcdvError(
            f"a key cannot be called {name!r}: take a name without spaces that begins with a "
            "letter or digit"
        )
    secret = _PREFIX + secrets.token_urlsafe(32)
    return secret, Key(name, frozenset(scopes), _digest(secret))


class KeyFile:
    """The keys in a file; HcdvError where it cannot be used. ``clock`` gives seconds that grow."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self._clock = clock
        self._problem: str | None = None
        self._seen = self._status()
        self._content: bytes | None = _content(path)
        self._keys = tuple(parsed(path, self._content))
        self._looked = clock()

    def find(self, secret: str) -> Key | None:
        """Return the key of that secret, None where there is none; takes the same time always."""
        self.look()
        digest, found = _digest(secret), None
        for key in self._keys:
            if compare_digest(key.digest, digest):
                found = key
        return found

    def problem(self) -> str | None:
        """Say why no key can be used, None where they can."""
        self.look()
        return self._problem

    def look(self) -> None:
        """Read the file where it may have changed; then no key is good that is not in it."""
        try:
            seen = self._status()
            if seen == self._seen and self._clock() - self._looked < LOOK_SECONDS:
                return
            self._looked = self._clock()
            content = _content(self.path)
            if content != self._content or seen is None:
                self._keys = tuple(parsed(self.path, content))
                self._content = content
            problem = None
        except HcdvError as error:
            self._keys, self._content, self._looked = (), None, self._clock()
            seen, problem = None, str(error)
        self._seen = seen
        self._report(problem)

    def _status(self) -> tuple[int, int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _report(self, problem: str | None) -> None:
        if problem != self._problem:
            if problem is None:
                log.info("API keys usable again", extra=fields(keys=len(self._keys)))
            else:
                log.error("API keys unusable, every key is refused", extra=fields(reason=problem))
        self._problem = problem


def parsed(path: Path, content: bytes) -> list[Key]:
    """Return the keys in a file's content; HcdvError where a line is none or there are none."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise HcdvError(
            f"HCDV_API_KEYS={path} is no text: make it with `hcdv-stream key`"
        ) from error
    keys = [
        _key(path, number, line)
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not keys:
        raise HcdvError(f"HCDV_API_KEYS={path} has no keys: make one with `hcdv-stream key`")
    return keys


def read_keys(path: Path) -> list[Key]:
    """Return the keys in a file; HcdvError where it cannot be used."""
    return parsed(path, _content(path))


def _content(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            raise HcdvError(
                f"HCDV_API_KEYS={path} is no file of keys: make it with `hcdv-stream key`"
            )
        return path.read_bytes()
    except OSError as error:
        raise HcdvError(
            f"HCDV_API_KEYS={path} cannot be read ({error.strerror}): "
            "make it with `hcdv-stream key`"
        ) from error


def _key(path: Path, number: int, line: str) -> Key:
    try:
        name, scopes, digest = line.split()
        if not _NAME.fullmatch(name):
            raise ValueError
        if not digest.startswith(_HASH) or len(bytes.fromhex(digest[len(_HASH) :])) != 32:
            raise ValueError
        scopes_named = frozenset(Scope(scope) for scope in scopes.split(","))
        return Key(name, scopes_named, digest[len(_HASH) :].lower())
    except ValueError as error:
        raise HcdvError(
            f"HCDV_API_KEYS={path}, line {number} is not NAME SCOPE[,SCOPE] sha256:HEX "
            f"with scopes of {', '.join(Scope)}: make it with `hcdv-stream key`"
        ) from error


def keys_for(settings: Settings, host: str) -> KeyFile | None:
    """Return the keys that requests need, None where they need none.

    Raises HcdvError where they need some and there are none.
    """
    path, mode = settings.api_keys, settings.api_auth
    if mode == "off" or (mode == "auto" and path is None and is_loopback(host)):
        return None
    if path is None:
        reason = "HCDV_API_AUTH=on" if mode == "on" else f"{host} is open to other machines"
        raise HcdvError(
            f"{reason} and there are no API keys: name their file in HCDV_API_KEYS (`hcdv-stream "
            "key` makes one), or set HCDV_API_AUTH=off where something else guards this address"
        )
    return KeyFile(path)


def _digest(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()
