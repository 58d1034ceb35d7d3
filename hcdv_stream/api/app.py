"""The API as an ASGI application: what any example, coalition or provider is worth now."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from hcdv_stream.api import coalitions, points, probes, problems, totals
from hcdv_stream.api.metrics import ApiMetrics, Measured
from hcdv_stream.api.refresher import Refresher
from hcdv_stream.settings import Settings

_THREADS = 4


def build_app(settings: Settings) -> FastAPI:
    """Build the application; ``state.refresher`` is to be entered by whoever serves it.

    It needs the state directory alone: class labels and validation counts are in the state.
    """
    metrics = ApiMetrics(CollectorRegistry(), time.time)
    refresher = Refresher(
        settings.state_dir / settings.topic, settings.api_refresh_seconds, metrics
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Answers are computed one at a time anyway; more threads would only hold up the refresher.
        current_default_thread_limiter().total_tokens = _THREADS
        yield

    app = FastAPI(
        title="hcdv-stream",
        version=version("hcdv-stream"),
        description=(__doc__ or "").partition(": ")[2].capitalize(),
        lifespan=lifespan,
    )
    app.state.refresher = refresher
    app.state.metrics = metrics
    app.state.weights = settings.weights
    app.add_middleware(Measured, metrics=metrics)
    problems.install(app)
    refusals = problems.described(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)
    for router in (points.router, coalitions.router, totals.router):
        app.include_router(router, responses=refusals)
    app.include_router(probes.router)
    return app
