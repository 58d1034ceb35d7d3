"""Writes ``docs/openapi.json`` from the API itself: ``python -m scripts.docs.openapi``."""

from pathlib import Path

import orjson

from hcdv_stream.api.app import build_app
from hcdv_stream.settings import Settings

PAGE = Path("docs/openapi.json")


def specification() -> bytes:
    """Return the description as it is committed."""
    page = build_app(Settings(api_auth="off")).openapi()
    return orjson.dumps(page, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    PAGE.write_bytes(specification())
