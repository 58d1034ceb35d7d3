"""Can the file of API keys be used, and by whom can it be read and written?"""

import os
import stat
from collections import Counter

from hcdv_stream.api.middleware.api_keys import Key, Scope, keys_for, read_keys
from hcdv_stream.doctor.check import CheckResult, failed, passed, refused
from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import Settings

_NAME = "API keys"


def check_keys(settings: Settings) -> CheckResult:
    """Look at the file that HCDV_API_KEYS names."""
    path = settings.api_keys
    if path is None or settings.api_auth == "off":
        return _without(settings)
    try:
        keys = read_keys(path)
    except HcdvError as error:
        return refused(_NAME, error)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH | stat.S_IROTH):
        return failed(
            _NAME,
            f"{path} can be {_others(mode)} other users (mode {mode:o})",
            f"chmod 600 {path}, as the user that the API runs as",
        )
    if not os.access(path.parent, os.X_OK):
        return failed(_NAME, f"{path.parent} cannot be entered", "give this user the right to")
    if twice := _twice(keys):
        return failed(_NAME, f"{path}: {twice}", "take one of the lines out")
    return passed(_NAME, f"{path}: {_counted(keys)}")


def _without(settings: Settings) -> CheckResult:
    try:
        for host in (settings.api_host, settings.gateway_host):
            keys_for(settings, host)
    except HcdvError as error:
        return refused(_NAME, error)
    why = "HCDV_API_AUTH=off" if settings.api_auth == "off" else "only this machine can ask"
    return passed(_NAME, f"none are needed: {why}")


def _others(mode: int) -> str:
    return "read by" if not mode & (stat.S_IWGRP | stat.S_IWOTH) else "written by"


def _twice(keys: list[Key]) -> str | None:
    """Say which key is there twice: whoever takes out one line believes that it is gone."""
    for what, values in (
        ("hash", [key.digest for key in keys]),
        ("name", [key.name for key in keys]),
    ):
        value, count = Counter(values).most_common(1)[0]
        if count > 1:
            names = [key.name for key in keys if value in {key.digest, key.name}]
            return f"the keys {', '.join(map(repr, names))} have the same {what}"
    return None


def _counted(keys: list[Key]) -> str:
    scopes = Counter(scope for key in keys for scope in key.scopes)
    told = ", ".join(f"{scopes[scope]} {scope}" for scope in Scope if scopes[scope])
    return f"{len(keys)} keys ({told})"
