"""``/``, ``/docs`` and ``/page/...``: pages, which need no key; the answers they ask for may."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from hcdv_stream.api.page.assets import asset

router = APIRouter(include_in_schema=False)

_HEADERS = {
    # No request leaves this origin; Plotly.js and Swagger UI set styles of their own.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}


@router.get("/")
async def read_page(request: Request) -> Response:
    """The live page."""
    return _respond(request, "index.html")


@router.get("/docs")
async def read_documentation(request: Request) -> Response:
    """The API's specification, to read and to try."""
    return _respond(request, "docs.html")


@router.get("/page/{name}")
def read_asset(request: Request, name: str) -> Response:
    """One of their files; compressing the largest takes a moment, hence in a thread."""
    return _respond(request, name)


def _respond(request: Request, name: str) -> Response:
    found = asset(name)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    headers = {**_HEADERS, "ETag": found.tag}
    if request.headers.get("if-none-match") == found.tag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    body = found.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = found.gzipped, "gzip"
    return Response(body, headers=headers, media_type=found.media_type)
