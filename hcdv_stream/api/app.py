"""The API as an ASGI application: what any example, coalition or provider is worth now."""

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from http import HTTPStatus
from importlib.metadata import version

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from hcdv_stream.api import problems
from hcdv_stream.api.collectors.freshness import FreshnessMetrics
from hcdv_stream.api.collectors.values import ValueMetrics
from hcdv_stream.api.metrics import ApiMetrics
from hcdv_stream.api.middleware.api_keys import keys_for
from hcdv_stream.api.middleware.auth import KeyMiddleware, unknown_host
from hcdv_stream.api.middleware.head_requests import HeadMiddleware
from hcdv_stream.api.middleware.limits import LimitMiddleware
from hcdv_stream.api.middleware.measuring import MetricsMiddleware
from hcdv_stream.api.openapi import describe
from hcdv_stream.api.page.router import router as page
from hcdv_stream.api.routes import (
    coalitions,
    events,
    examples,
    export,
    internal,
    live_page,
    payouts,
    probes,
    select,
    suspects,
    totals,
)
from hcdv_stream.api.routes.dependencies import EXPOSED_HEADERS, RESPONSES
from hcdv_stream.api.routes.unknown_parameters import ONLY_KNOWN
from hcdv_stream.api.sources.local import LocalSource
from hcdv_stream.api.sources.source import AnswerSource
from hcdv_stream.api.views.kept_views import KeptViews
from hcdv_stream.api.views.refresher import Refresher
from hcdv_stream.api.watchdog import watched
from hcdv_stream.errors import HcdvError
from hcdv_stream.serving.hosts import KnownHosts, known_names
from hcdv_stream.settings import Settings

_THREADS = 4
_MIB = 1 << 20
_ANYWHERE = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
)
_ROUTERS = (
    examples.router,
    examples.plain_router,
    coalitions.router,
    totals.router,
    suspects.router,
    payouts.router,
    select.router,
    export.router,
    live_page.router,
)


def build_app(settings: Settings) -> FastAPI:
    """Build the application; ``state.refresher`` is to be entered by whoever serves it.

    It needs the state directory alone: class labels and validation counts are in the state. Raises
    HcdvError where that cannot be one, and where keys are needed and there are none.
    """
    if settings.state_dir.exists() and not settings.state_dir.is_dir():
        raise HcdvError(f"HCDV_STATE_DIR={settings.state_dir} is no directory: name the worker's")
    metrics = ApiMetrics(CollectorRegistry(), time.time)
    kept = KeptViews(
        settings.api_kept_views,
        settings.api_history_views,
        settings.api_history_mib * _MIB,
        settings.erasure_seconds / 2,
    )
    refresher = Refresher(
        settings.state_dir / settings.topic,
        settings.api_refresh_seconds,
        metrics,
        kept,
        stale_seconds=settings.api_stale_seconds,
    )
    metrics.registry.register(ValueMetrics(lambda: refresher.view, settings.weights))
    source = LocalSource(refresher)
    metrics.registry.register(FreshnessMetrics(source.currency))
    app = serving(source, settings, metrics, settings.api_host)
    app.include_router(internal.router)
    app.state.refresher = refresher
    return app


def serving(
    source: AnswerSource,
    settings: Settings,
    metrics: ApiMetrics,
    host: str,
    running: AbstractAsyncContextManager[object] | None = None,
) -> FastAPI:
    """Build an application over a source; ``running`` is entered while it serves.

    ``host`` is the address that it will listen on, which decides whether keys are needed. Raises
    HcdvError where they are and there are none.
    """
    keys = keys_for(settings, host)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Answers are computed one at a time anyway; more threads would only hold up the refresher.
        current_default_thread_limiter().total_tokens = _THREADS
        async with running or nullcontext(), watched(source, keys):
            yield

    app = FastAPI(
        title="hcdv-stream",
        version=version("hcdv-stream"),
        description=(__doc__ or "").partition(": ")[2].capitalize(),
        lifespan=lifespan,
        responses=problems.described(*_ANYWHERE),
        docs_url=None,  # FastAPI's own load their scripts from elsewhere; the page brings /docs
        redoc_url=None,
        redirect_slashes=False,  # to an address made of the request's own Host, without TLS
    )
    app.state.source = source
    app.state.metrics = metrics
    app.state.weights = settings.weights
    app.state.stream_seconds = settings.api_stream_seconds
    # The last one added is the first to see a request. Whoever has no key takes no place.
    app.add_middleware(
        LimitMiddleware,
        places=settings.api_max_requests,
        most_bytes=settings.api_max_body_bytes,
        seconds=settings.api_timeout_seconds,
        body_seconds=settings.api_request_seconds,
    )
    if keys is not None:
        metrics.keys_usable.set_function(lambda: float(keys.problem() is None))
        app.add_middleware(KeyMiddleware, keys=keys)
    if settings.api_cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.api_cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=["ETag", "Link", "Retry-After", *EXPOSED_HEADERS],
        )
    if (names := known_names(host, settings.allowed_hosts)) is not None:
        app.add_middleware(KnownHosts, names=names, refuse=unknown_host)
    app.add_middleware(MetricsMiddleware, metrics=metrics, routes=_routes())
    app.add_middleware(HeadMiddleware)
    problems.install(app, _routes())
    for router in _ROUTERS:
        app.include_router(router, responses=dict(RESPONSES), dependencies=[ONLY_KNOWN])
    app.include_router(events.router, dependencies=[ONLY_KNOWN])
    app.include_router(probes.router)
    app.include_router(page)
    describe(app)
    return app


def _routes() -> list[BaseRoute]:
    routers = (*_ROUTERS, events.router, probes.router, internal.router, page)
    return [route for router in routers for route in router.routes]
