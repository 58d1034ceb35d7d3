"""What FastAPI does not know of the API's OpenAPI description."""

from typing import Any

from fastapi import FastAPI

from hcdv_stream.api.models.answers import FreshnessEvent, UpdateEvent
from hcdv_stream.api.problems import MEDIA_TYPE

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
