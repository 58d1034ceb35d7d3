"""Where a list goes on: in which state, of which question, behind which entry."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from zlib import crc32

import orjson
from pydantic import Field, ValidationError

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.problems import invalid


class Cursor(Model):
    """The end of a page: ``view`` it was made from, ``question`` it answered, ``place`` it ended.

    ``done`` counts the entries up to there.
    """

    view: str
    question: int
    place: list[float | int | str | bool]
    done: int = Field(ge=0)

    def text(self) -> str:
        """Write it as a parameter."""
        return urlsafe_b64encode(orjson.dumps(self.model_dump())).decode().rstrip("=")


def read_cursor(text: str | None, question: int) -> Cursor | None:
    """Read a cursor of this question; raises a problem where it is none."""
    if text is None:
        return None
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        cursor = Cursor.model_validate(orjson.loads(data))
    except (ValueError, NotBase64, ValidationError) as error:
        raise invalid("cursor", "not one that this API gave: take `next` of an answer") from error
    if cursor.question != question:
        raise invalid("cursor", "it belongs to a list with other parameters: repeat them")
    return cursor


def question_of(*parts: object) -> int:
    """Return a number that tells a question from others."""
    return crc32(repr(parts).encode())
