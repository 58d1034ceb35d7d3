"""The API's OpenAPI page; ``python -m`` this module writes ``docs/openapi.json``."""

from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI

from hcdv_stream.api.models import FreshnessEvent, UpdateEvent
from hcdv_stream.api.problems import MEDIA_TYPE
from hcdv_stream.settings import Settings

PAGE = Path("docs/openapi.json")
_KEY = "key"


def describe(app: FastAPI) -> None:
    """Have the page of ``app`` say what FastAPI does not know: errors' media type, and keys."""
    build_page = app.openapi

    def page() -> dict[str, Any]:
        built = build_page()
        scheme = {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, where the API was started with keys.",
        }
        built["components"].setdefault("securitySchemes", {})[_KEY] = scheme
        # No route answers with them alone: they are the data of the stream's events.
        for model in (UpdateEvent, FreshnessEvent):
            event = model.model_json_schema(ref_template="#/components/schemas/{model}")
            event.pop("$defs")
            built["components"]["schemas"][model.__name__] = event
        built["security"] = [{}, {_KEY: []}]
        for methods in built["paths"].values():
            for operation in methods.values():
                for response in operation["responses"].values():
                    # FastAPI lists a model's answers as plain JSON besides what is said of them.
                    if MEDIA_TYPE in response.get("content", {}):
                        response["content"].pop("application/json", None)
        return built

    app.openapi = page  # type: ignore[method-assign]


def specification() -> bytes:
    """Return the page as it is committed."""
    from hcdv_stream.api.app import build_app  # noqa: PLC0415 (which describes itself with this)

    page = build_app(Settings(api_auth="off")).openapi()
    return orjson.dumps(page, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    PAGE.write_bytes(specification())
