"""Parameters and links of lists that come in pages."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Query, Request

Limit = Annotated[int, Query(ge=1, le=10_000, description="Most entries of a page.")]
CursorText = Annotated[
    str | None,
    Query(
        description="`next` of the page before; with it, repeat the other parameters. 410 where "
        "its state is not kept any more.",
        max_length=4096,
    ),
]


def next_link(request: Request, cursor: str | None) -> Mapping[str, str]:
    """Return the header that leads to the next page, none on the last one.

    It is relative to the address that was asked for, since a proxy may have cut off a prefix of it.
    """
    if cursor is None:
        return {}
    url = request.url.include_query_params(cursor=cursor)
    return {"Link": f'<?{url.query}>; rel="next"'}
