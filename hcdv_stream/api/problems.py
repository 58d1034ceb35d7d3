"""Errors as RFC 9457 writes them: ``application/problem+json`` with a type to tell them apart."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from hcdv_stream.api.models import InvalidField, Problem

MEDIA_TYPE = "application/problem+json"

log = logging.getLogger(__name__)


class ProblemError(Exception):
    """An answer that is an error; ``name`` is the last part of its type."""

    def __init__(
        self,
        status: HTTPStatus,
        name: str,
        title: str,
        detail: str,
        errors: list[InvalidField] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.title = title
        self.detail = detail
        self.errors = errors


def unknown(what: str, name: str) -> ProblemError:
    """There is no point or coalition of that id."""
    return ProblemError(
        HTTPStatus.NOT_FOUND,
        f"unknown-{what}",
        f"Unknown {what}",
        f"there is no {what} {name!r} in the corpus as of now",
    )


def unavailable(detail: str) -> ProblemError:
    """There is nothing to answer from yet."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE, "no-state", "No state to answer from", detail
    )


def invalid(field: str, detail: str) -> ProblemError:
    """A parameter cannot be used."""
    return _invalid([InvalidField(field=field, detail=detail)])


def described(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return how OpenAPI describes these errors."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        int(status): {
            "model": Problem,
            "description": status.phrase,
            "content": {MEDIA_TYPE: schema},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Make every error of ``app`` a problem, and have OpenAPI say so."""
    build_page = app.openapi

    def page() -> dict[str, Any]:
        # FastAPI lists a model's answers as plain JSON besides what ``described`` says.
        built = build_page()
        for methods in built["paths"].values():
            for operation in methods.values():
                for response in operation["responses"].values():
                    if MEDIA_TYPE in response.get("content", {}):
                        response["content"].pop("application/json", None)
        return built

    app.openapi = page  # type: ignore[method-assign]

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> Response:
        kind = f"urn:hcdv-stream:problem:{error.name}"
        headers = {"Retry-After": "1"} if error.status == HTTPStatus.SERVICE_UNAVAILABLE else None
        return _response(
            request,
            error.status,
            kind,
            error.title,
            error.detail,
            errors=error.errors,
            headers=headers,
        )

    @app.exception_handler(RequestValidationError)
    async def _refused(request: Request, error: RequestValidationError) -> Response:
        fields = [
            InvalidField(
                field=".".join(str(part) for part in entry["loc"][1:]) or str(entry["loc"][0]),
                detail=entry["msg"],
            )
            for entry in error.errors()
        ]
        return await _problem(request, _invalid(fields))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        detail = f"{request.method} {request.url.path}: {status.description or status.phrase}"
        return _response(
            request, status, "about:blank", status.phrase, detail, headers=error.headers
        )

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        log.error("request failed", exc_info=error)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        detail = "an error that was not foreseen; the log of the API has it"
        return _response(request, status, "about:blank", status.phrase, detail)


def _invalid(fields: list[InvalidField]) -> ProblemError:
    detail = "; ".join(f"{field.field}: {field.detail}" for field in fields)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return ProblemError(status, "invalid-request", "Invalid request", detail, fields)


def _response(
    request: Request,
    status: HTTPStatus,
    kind: str,
    title: str,
    detail: str,
    *,
    errors: list[InvalidField] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    problem = Problem(
        type=kind,
        title=title,
        status=int(status),
        detail=detail,
        instance=request.url.path,
        errors=errors,
    )
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, int(status), headers=headers, media_type=MEDIA_TYPE)
