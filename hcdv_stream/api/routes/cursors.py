"""Where a list goes on: in which state, of which query, behind which entry."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from zlib import crc32

import orjson
from pydantic import Field, ValidationError

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.problems import invalid
from hcdv_stream.api.views.ordering import Place


class Cursor(Model):
    """The end of a page: ``view`` it was made from, ``query`` it answered, ``place`` it ended.

    ``done`` counts the entries up to there.
    """

    view: str
    query: int = Field(alias="question")
    place: list[float | int | str | bool]
    done: int = Field(ge=0)

    def text(self) -> str:
        """Write it as a parameter."""
        return urlsafe_b64encode(orjson.dumps(self.model_dump(by_alias=True))).decode().rstrip("=")


def read_cursor(text: str | None, query: int) -> Cursor | None:
    """Read a cursor of this query; raises a problem if it is none."""
    if text is None:
        return None
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        cursor = Cursor.model_validate(orjson.loads(data))
    except (ValueError, NotBase64, ValidationError) as error:
        raise invalid("cursor", "not one that this API gave: take `next` of an answer") from error
    if cursor.query != query:
        raise invalid("cursor", "it belongs to a list with other parameters: repeat them")
    return cursor


def place_of(cursor: Cursor | None) -> Place | None:
    """Return the place that a page of ordered examples ended with; raises a problem."""
    if cursor is None:
        return None
    try:
        key, name = cursor.place
        return Place(value=float(key), id=str(name))
    except ValueError as error:
        raise invalid("cursor", "it belongs to another list") from error


def query_of(*parts: object) -> int:
    """Return a number that tells a query with its parameters from others."""
    return crc32(repr(parts).encode())
