"""One exchange with an API behind the gateway, bounded in time and size."""

import asyncio
from http import HTTPStatus

import httpx
import orjson

_DETAIL_LENGTH = 200
_JSON = "application/json"


class BadAnswerError(Exception):
    """No answer that can be used; the text says what the API does instead: "does not answer"."""


async def exchange(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    content: bytes | None,
    *,
    seconds: float,
    most_bytes: int,
) -> tuple[int, bytes]:
    """Return status and content of an answer that is whole after ``seconds``.

    Redirects are not followed and nothing is decompressed. Requests change nothing, so one whose
    connection breaks is sent again: the API may just have closed it for having been idle. Raises
    BadAnswerError.
    """
    headers = {"Accept-Encoding": "identity"}
    if content is not None:
        headers["Content-Type"] = _JSON

    async def once() -> tuple[int, bytes]:
        async with client.stream(
            method, url, content=content, headers=headers, follow_redirects=False
        ) as answer:
            return answer.status_code, await _content(answer, most_bytes)

    try:
        async with asyncio.timeout(seconds):
            try:
                return await once()
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                return await once()
    except TimeoutError as error:
        raise BadAnswerError(
            f"has no whole answer within {seconds:g} s: see whether it is overloaded, or raise "
            "HCDV_GATEWAY_TIMEOUT_SECONDS"
        ) from error
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ValueError, OSError) as error:
        cause = str(error) or type(error).__name__
        raise BadAnswerError(
            f"does not answer ({_plain(cause)}): see that the API runs there"
        ) from error


async def _content(answer: httpx.Response, most_bytes: int) -> bytes:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status_code == HTTPStatus.OK and kind != _JSON:
        raise BadAnswerError(
            f"answers with {_plain(kind) or 'no content type'}: see that an API runs there"
        )
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise BadAnswerError("answers compressed, unasked: see what lies between")
    content = bytearray()
    async for part in answer.aiter_raw():
        if len(content) + len(part) > most_bytes:
            raise BadAnswerError(
                f"answers more than {most_bytes:,} bytes: ask for less, or raise "
                "HCDV_GATEWAY_MAX_ANSWER_MIB"
            )
        content += part
    return bytes(content)


def detail(content: bytes) -> str:
    """Return what an answer that is an error says, in a few words."""
    try:
        said = orjson.loads(content)["detail"]
    except (ValueError, KeyError, TypeError):
        said = content[:_DETAIL_LENGTH].decode(errors="replace")
    return _plain(str(said))


def _plain(text: str) -> str:
    """Make text of a stranger's fit for a log line and a problem."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words[:_DETAIL_LENGTH]
