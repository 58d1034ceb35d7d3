"""API keys: who may ask for what. Only their hashes are kept, and compared in constant time.

A key is 32 random bytes, so a plain SHA-256 is as hard to turn back as the key is to guess. The
file has a line for each key, ``NAME SCOPE[,SCOPE] sha256:HEX``; lines that begin with # are for
people. It is read again when it changes.
"""

import ipaddress
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import Settings

_PREFIX, _HASH = "hcdv_", "sha256:"


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
    if not name or any(character.isspace() for character in name) or name.startswith("#"):
        raise HcdvError(f"a key cannot be called {name!r}: take a name without spaces or leading #")
    secret = _PREFIX + secrets.token_urlsafe(32)
    return secret, Key(name, frozenset(scopes), _digest(secret))


class KeyFile:
    """The keys in a file; HcdvError where it cannot be read or a line is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._keys: tuple[Key, ...] = ()
        self._read()

    def find(self, secret: str) -> Key | None:
        """Return the key of that secret, None where there is none; takes the same time always.

        Where the file cannot be read any more, the keys last read are good.
        """
        with suppress(HcdvError):  # half a file: someone is writing it
            self._read()
        digest, found = _digest(secret), None
        for key in self._keys:
            if compare_digest(key.digest, digest):
                found = key
        return found

    def _read(self) -> None:
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size)
            if seen == self._seen:
                return
            lines = self._path.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise HcdvError(
                f"HCDV_API_KEYS={self._path} cannot be read ({error}): "
                "make it with `hcdv-stream key`"
            ) from error
        keys = [
            self._parsed(number, line)
            for number, line in enumerate(lines, 1)
            if line.strip() and not line.startswith("#")
        ]
        self._keys, self._seen = tuple(keys), seen

    def _parsed(self, number: int, line: str) -> Key:
        try:
            name, scopes, digest = line.split()
            if not digest.startswith(_HASH) or len(bytes.fromhex(digest[len(_HASH) :])) != 32:
                raise ValueError
            scopes_named = frozenset(Scope(scope) for scope in scopes.split(","))
            return Key(name, scopes_named, digest[len(_HASH) :].lower())
        except ValueError as error:
            raise HcdvError(
                f"HCDV_API_KEYS={self._path}, line {number} is not NAME SCOPE[,SCOPE] sha256:HEX "
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


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
