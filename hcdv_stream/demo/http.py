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


def answers(url: str) -> bool:
    """Whether a GET is answered with success."""
    try:
        with _open(url, timeout=_SECONDS):
            return True
    except (OSError, http.client.HTTPException):
        return False


def get(url: str) -> Any:
    """Return a JSON answer, None where there is none now."""
    try:
        with _open(url, timeout=_SECONDS) as answer:
            return orjson.loads(answer.read())
    except (OSError, http.client.HTTPException):
        return None


def counter(url: str, name: str) -> int | None:
    """Return the sum of a metric's samples over its labels, None where there is no answer."""
    try:
        with _open(url, timeout=_SECONDS) as answer:
            text = answer.read().decode()
    except (OSError, http.client.HTTPException):
        return None
    samples = (one for family in text_string_to_metric_families(text) for one in family.samples)
    return round(sum(sample.value for sample in samples if sample.name == name))


def values_of(api: str, ids: list[str]) -> dict[str, float]:
    """Return the value of every id that the API at this address knows."""
    values: dict[str, float] = {}
    for start in range(0, len(ids), _BATCH):
        request = urllib.request.Request(
            f"{api}/v1/points:batchGet",
            data=orjson.dumps({"ids": ids[start : start + _BATCH]}),
            headers={"Content-Type": "application/json"},
        )
        with _open(request, timeout=_SECONDS) as answer:
            points = orjson.loads(answer.read())["points"]
        values |= {point["id"]: point["value"] for point in points}
    return values
