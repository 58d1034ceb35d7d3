"""Errors as RFC 9457 writes them: ``application/problem+json`` with a type to tell them apart."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from hcdv_stream.api.models.answers import InvalidField, ProblemDetails, ReadinessCheck
from hcdv_stream.refusals import refusal

MEDIA_TYPE = "application/problem+json"
_HEADERS: Mapping[HTTPStatus, Mapping[str, str]] = {
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
}

log = logging.getLogger(__name__)


class ProblemError(Exception):
    """An answer that is an error; ``name`` is the last part of its type."""

    def __init__(
        self,
        status: HTTPStatus,
        name: str,
        title: str,
        detail: str,
        *,
        errors: list[InvalidField] | None = None,
        checks: list[ReadinessCheck] | None = None,
    ) -> None:
        super().__init__(detail)
        self.checks = checks
        self.status = status
        self.name = name
        self.title = title
        self.detail = detail
        self.errors = errors


class NotModified(Exception):  # noqa: N818 (no error: the answer to a condition)
    """The client has the answer already; ``headers`` go with saying so."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.headers = headers


def unknown(what: str, name: str) -> ProblemError:
    """There is no example or coalition of that id."""
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


def gone(view: str) -> ProblemError:
    """The state that was answered from before is not kept any more."""
    return ProblemError(
        HTTPStatus.GONE,
        "view-gone",
        "State no longer kept",
        f"the state {view!r} is not kept any more: begin again without cursor and at",
    )


def partition_missing(numbers: Sequence[int]) -> ProblemError:
    """What was asked for may be in a partition that the answer would be without."""
    return _missing("it may be in a partition that the answer would be without", numbers)


def incomplete(numbers: Sequence[int]) -> ProblemError:
    """Every partition was demanded, and the answer would be without these."""
    return _missing("complete asks for all partitions, and the answer would be without", numbers)


def truncated(begins_at: Mapping[int, int | None]) -> ProblemError:
    """Every example was demanded, and these partitions lack the log's beginning."""
    named = ", ".join(
        f"{number} (from {'an unknown offset' if offset is None else f'offset {offset}'} on)"
        for number, offset in begins_at.items()
    )
    return ProblemError(
        HTTPStatus.CONFLICT,
        "truncated-corpus",
        "The corpus is truncated",
        "payouts and complete=true need every example, but the beginning of the log is missing in "
        f"partition {named}: rebuild the state from a topic that keeps everything",
    )


def without_evaluators(classes: Mapping[int, Sequence[str]]) -> ProblemError:
    """V of some partitions says nothing of these classes, which have examples there."""
    named = ", ".join(
        f"{label!r} in partition {number}" for number, labels in classes.items() for label in labels
    )
    return ProblemError(
        HTTPStatus.CONFLICT,
        "without-evaluators",
        "V has no evaluators of a class",
        f"payouts need evaluators of every class that has examples, and V has none of {named}: "
        "send trusted sessions of the class (HCDV_TRUSTED_MARK, HCDV_TRUSTED_PROVIDERS), or train "
        "a new bundle",
    )


def _missing(why: str, numbers: Sequence[int]) -> ProblemError:
    named = ", ".join(map(str, numbers))
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "partition-missing",
        "A partition is missing",
        f"{why}: {named}",
    )


def behind(detail: str) -> ProblemError:
    """The state is not as far as was demanded."""
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "behind", "Not that far yet", detail)


def stale(demand: str, partition: int, reason: str) -> ProblemError:
    """How current a partition is was demanded, and nobody knows that it is."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "stale",
        "Nobody knows that the state is current",
        f"{demand} cannot be met, for partition {partition} may be behind: {reason}",
    )


def invalid(field: str, detail: str) -> ProblemError:
    """A parameter cannot be used."""
    return _invalid([InvalidField(field=field, detail=detail)])


def described(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return how OpenAPI describes these errors."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    return {
        int(status): {
            "model": ProblemDetails,
            "description": status.phrase,
            "content": {MEDIA_TYPE: schema},
        }
        for status in statuses
    }


def install(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Make every error of ``app``, which serves these routes, a problem."""

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> Response:
        return problem_response(request.url.path, error)

    @app.exception_handler(NotModified)
    async def _unchanged(_: Request, unchanged: NotModified) -> Response:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=unchanged.headers)

    @app.exception_handler(RequestValidationError)
    async def _refused(request: Request, error: RequestValidationError) -> Response:
        fields = [
            InvalidField(
                field=_field(entry["type"], entry["loc"]),
                detail=refusal(entry["type"], entry.get("input"), entry.get("ctx") or {}),
            )
            for entry in error.errors()
        ]
        return problem_response(request.url.path, _invalid(fields))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        detail = f"{request.method} {request.url.path}: {status.description or status.phrase}"
        path, blank, headers = request.url.path, "about:blank", error.headers
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers = {**(headers or {}), "Allow": _methods(routes, request)}
        return _response(path, status, blank, status.phrase, detail, headers=headers)

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        log.error("request failed", exc_info=error)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        detail = "an error that was not foreseen; the log of the API has it"
        return _response(request.url.path, status, "about:blank", status.phrase, detail)


def _field(kind: str, place: Sequence[int | str]) -> str:
    """Name the parameter or the part of the body; a body that is no JSON has no parts."""
    inner = () if kind == "json_invalid" else place[1:]
    return ".".join(map(str, inner)) or str(place[0])


def _methods(routes: Sequence[BaseRoute], request: Request) -> str:
    """Return the methods of all routes to a path; the framework names those of the first one."""
    methods = set[str]()
    for route in routes:
        if route.matches(request.scope)[0] != Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(methods))


def _invalid(fields: list[InvalidField]) -> ProblemError:
    detail = "; ".join(f"{field.field}: {field.detail}" for field in fields)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return ProblemError(status, "invalid-request", "Invalid request", detail, errors=fields)


def problem_response(path: str, error: ProblemError) -> Response:
    """Return a problem as the answer to a request for ``path``."""
    headers = dict(_HEADERS.get(error.status, {}))
    return _response(
        path,
        error.status,
        f"urn:hcdv-stream:problem:{error.name}",
        error.title,
        error.detail,
        errors=error.errors,
        checks=error.checks,
        headers=headers,
    )


def _response(
    path: str,
    status: HTTPStatus,
    kind: str,
    title: str,
    detail: str,
    *,
    errors: list[InvalidField] | None = None,
    checks: list[ReadinessCheck] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    problem = ProblemDetails(
        type=kind,
        title=title,
        status=int(status),
        detail=detail,
        instance=path,
        errors=errors,
        checks=checks,
    )
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, int(status), headers=headers, media_type=MEDIA_TYPE)
