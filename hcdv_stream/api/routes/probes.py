"""``/livez``, ``/readyz`` and ``/metrics``: for who operates the API."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from hcdv_stream.api.metrics import ApiMetrics
from hcdv_stream.api.models.answers import Liveness, Readiness
from hcdv_stream.api.problems import ProblemError, described
from hcdv_stream.api.routes.dependencies import SourceNow

router = APIRouter(tags=["operation"])

_ASK_FOR_MORE = "there is no state that can be read: ask /readyz?verbose, or see the log, for why"
_ASK_WHO = "a partition is not kept current: ask /readyz?verbose for which, since when and why"
_UNAVAILABLE = described(HTTPStatus.SERVICE_UNAVAILABLE)
_READINESS = described(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)


@router.get("/livez", responses=_UNAVAILABLE)
async def live(source: SourceNow) -> Liveness:
    """Whether the process works: restart it where it does not. Kafka has no part in it."""
    if ailment := source.ailment():
        status = HTTPStatus.SERVICE_UNAVAILABLE
        raise ProblemError(status, "stalled", "The API has stalled", ailment)
    return Liveness()


@router.get("/readyz", responses=_READINESS, response_model_exclude_none=True)
async def ready(
    source: SourceNow,
    verbose: Annotated[
        Literal["", "true", "1", "false", "0"],
        Query(description="Say what it rests on; `?verbose` alone will do."),
    ] = "false",
) -> Readiness:
    """Whether there is a state, it can be read and is kept current: send requests elsewhere if not.

    Why it is not is said to who asks for more, since it may name paths and machines.
    """
    checks = await source.readiness()
    shown = None if verbose in {"false", "0"} else checks
    for check in checks:
        if not check.ok:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            if check.name == "state":
                name, title, brief = "no-state", "No state to answer from", _ASK_FOR_MORE
            else:
                name, title, brief = "stale", "Nobody keeps the state current", _ASK_WHO
            detail = brief if shown is None else check.detail
            raise ProblemError(status, name, title, detail, checks=shown)
    return Readiness(checks=shown)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Metrics, in Prometheus' text format."""
    measured: ApiMetrics = request.app.state.metrics
    return Response(await measured.text.read(), media_type=CONTENT_TYPE_LATEST)
