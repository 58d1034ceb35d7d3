"""``/livez``, ``/readyz`` and ``/metrics``: for who operates the API."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hcdv_stream.api.asking import refresher_of
from hcdv_stream.api.metrics import ApiMetrics
from hcdv_stream.api.models import Health
from hcdv_stream.api.problems import ProblemError, described, unavailable
from hcdv_stream.api.refresher import Refresher

router = APIRouter(tags=["operation"])

RefresherNow = Annotated[Refresher, Depends(refresher_of)]
_UNAVAILABLE = described(HTTPStatus.SERVICE_UNAVAILABLE)


@router.get("/livez", responses=_UNAVAILABLE)
async def live(refresher: RefresherNow) -> Health:
    """Whether the process works: restart it where it does not."""
    if ailment := refresher.ailment():
        status = HTTPStatus.SERVICE_UNAVAILABLE
        raise ProblemError(status, "stalled", "The API has stalled", ailment)
    return Health()


@router.get("/readyz", responses=_UNAVAILABLE)
async def ready(refresher: RefresherNow) -> Health:
    """Whether there is a state and it can be read: send requests elsewhere where not."""
    if reason := refresher.unreadiness():
        raise unavailable(reason)
    return Health()


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request) -> Response:
    """Metrics, in Prometheus' text format."""
    measured: ApiMetrics = request.app.state.metrics
    return Response(generate_latest(measured.registry), media_type=CONTENT_TYPE_LATEST)
