"""Refuses parameters that a route does not know, and those given twice.

Mistyped, or with one of two values, another query would be answered than the one that was meant.
"""

from typing import get_args, get_origin

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from hcdv_stream.api.problems import invalid


async def only_known(request: Request) -> None:
    """Raise a problem on the first parameter that is none of the route's, or is given again."""
    if not request.scope["query_string"]:
        return
    route: APIRoute = request.scope["route"]
    known = dict(_parameters(route.dependant))
    seen = set[str]()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            raise invalid(name, f"there is no such parameter; there are {', '.join(known)}")
        if name in seen and not known[name]:
            raise invalid(name, "it is given twice: give it once")
        seen.add(name)


ONLY_KNOWN = Depends(only_known)


def _parameters(dependant: Dependant) -> list[tuple[str, bool]]:
    """Return the parameters of a route and of all that it depends on, and which are lists."""
    own = [(field.alias, _is_list(field.field_info.annotation)) for field in dependant.query_params]
    return own + [each for one in dependant.dependencies for each in _parameters(one)]


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))
