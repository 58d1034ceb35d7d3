"""What both clients know of connections: addresses, keys, when to try again, how events look."""

from collections.abc import Mapping
from http import HTTPStatus

import httpx

from hcdv_stream.api.models.answers import FreshnessEvent, UpdateEvent
from hcdv_stream.client.calls import AnswerModel, Call
from hcdv_stream.client.errors import error_of

TIMEOUT_SECONDS = 30.0
EVENT_TIMEOUT_SECONDS = 30.0
"""The API sends something at least every 10 seconds; a stream that is quieter is dead."""
RETRIES = 2
_LONGEST_PAUSE = 5.0


def headers(key: str | None) -> Mapping[str, str]:
    """Return what every request carries."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def pause(answer: httpx.Response) -> float | None:
    """Return how many seconds to wait before asking again, None where that is no use."""
    after = answer.headers.get("retry-after", "")
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and after.isdecimal():
        return min(float(after), _LONGEST_PAUSE)
    return None


def read(call: Call[AnswerModel], answer: httpx.Response) -> AnswerModel:
    """Return what an answer says; raises ApiError where it is a problem."""
    check(answer)
    return call.model.model_validate_json(answer.content)


def check(answer: httpx.Response) -> None:
    """Raise ApiError where an answer, read whole, is a problem."""
    if answer.status_code != HTTPStatus.OK:
        raise error_of(answer)


class EventReader:
    """Puts lines of a stream together to events; ``last`` is the id of the last one."""

    def __init__(self) -> None:
        self.last: str | None = None
        self._fields: dict[str, str] = {}

    def take(self, line: str) -> UpdateEvent | FreshnessEvent | None:
        """Take a line in; return the event that it ends."""
        if line:
            name, _, value = line.partition(":")
            if name:
                self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        if fields.get("event") == "freshness" and "data" in fields:
            return FreshnessEvent.model_validate_json(fields["data"])
        if fields.get("event") != "update" or "data" not in fields:
            return None
        self.last = fields.get("id", self.last)
        return UpdateEvent.model_validate_json(fields["data"])

    @property
    def headers(self) -> Mapping[str, str]:
        """Return what makes a new stream go on from here."""
        return {"Last-Event-ID": self.last} if self.last else {}
