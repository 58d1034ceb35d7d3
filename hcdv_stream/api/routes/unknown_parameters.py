"""Refuses parameters that a route does not know: mistyped, another query would be answered."""

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from hcdv_stream.api.problems import invalid


async def only_known(request: Request) -> None:
    """Raise a problem on the first parameter that is none of the route's."""
    if not request.scope["query_string"]:
        return
    route: APIRoute = request.scope["route"]
    known = dict.fromkeys(_names(route.dependant))
    for name in request.query_params:
        if name not in known:
            raise invalid(name, f"there is no such parameter; there are {', '.join(known)}")


ONLY_KNOWN = Depends(only_known)


def _names(dependant: Dependant) -> list[str]:
    """Return the parameters of a route or a dependency, and of all that it depends on."""
    own = [field.alias for field in dependant.query_params]
    return own + [name for each in dependant.dependencies for name in _names(each)]
