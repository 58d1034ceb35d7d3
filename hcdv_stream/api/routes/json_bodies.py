"""Bodies as JSON that means one thing: UTF-8, no lone surrogates, no NaN, no name twice.

Python's own reader takes all of these. What it makes of a lone surrogate cannot be written into an
answer, and of two values for a name it takes the last.
"""

import json
from typing import Any

import orjson
from fastapi import Request


class JsonRequest(Request):
    """A request whose body is read strictly; raises json.JSONDecodeError."""

    async def json(self) -> Any:
        """Return what the body says."""
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


def read_json(body: bytes) -> Any:
    """Return what a body says; raises json.JSONDecodeError."""
    orjson.loads(body)
    return json.loads(body, object_pairs_hook=_distinct)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise json.JSONDecodeError("an object has a name twice", "", 0)
    return found
