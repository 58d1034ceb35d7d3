"""Asking the service's own endpoints over HTTP."""

import http.client
import urllib.error
import urllib.request
from typing import Any

import orjson
from prometheus_client.parser import text_string_to_metric_families

_SECONDS = 10.0
_BATCH = 1000

# Nothing between this process and its children: a proxy of the environment would be.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class UnansweredError(Exception):
    """A question that was not answered: which, and why not."""


def answers(url: str) -> bool:
    """Whether a GET is answered with success."""
    try:
        _read(url)
    except UnansweredError:
        return False
    return True


def get(url: str) -> Any:
    """Return a JSON answer; raises UnansweredError."""
    return orjson.loads(_read(url))


def counter(url: str, name: str) -> int:
    """Return the sum of a metric's samples over its labels; raises UnansweredError."""
    families = text_string_to_metric_families(_read(url).decode())
    samples = (sample for family in families for sample in family.samples)
    return round(sum(sample.value for sample in samples if sample.name == name))


def values_of(api: str, ids: list[str]) -> dict[str, float]:
    """Return the value of every id that the API at this address knows; raises UnansweredError."""
    values: dict[str, float] = {}
    for start in range(0, len(ids), _BATCH):
        request = urllib.request.Request(
            f"{api}/v1/points:batchGet",
            data=orjson.dumps({"ids": ids[start : start + _BATCH]}),
            headers={"Content-Type": "application/json"},
        )
        examples = orjson.loads(_read(request))["points"]
        values |= {example["id"]: example["value"] for example in examples}
    return values


def chosen_by(api: str, share: float, seed: int) -> list[str]:
    """Return the ids that the API at this address selects; raises UnansweredError."""
    request = urllib.request.Request(f"{api}/v1/select?share={share}&seed={seed}")
    ids: list[str] = orjson.loads(_read(request))["ids"]
    return ids


def _read(asked: str | urllib.request.Request) -> bytes:
    try:
        with _open(asked, timeout=_SECONDS) as answer:
            body: bytes = answer.read()
    except (OSError, http.client.HTTPException) as error:
        url = asked if isinstance(asked, str) else asked.full_url
        raise UnansweredError(f"{url}: {error}") from error
    return body
