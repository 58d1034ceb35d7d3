"""How an example's id is written in an address: in the path, or as a parameter.

In the path it is percent-encoded. Some ids do not survive that: clients and proxies take ``.`` and
``..`` for steps in the path however they are encoded, and some proxies decode or merge slashes. Any
id at all can be asked for as a parameter: ``/v1/examples:get?id=..``.
"""

from typing import Annotated

from fastapi import Path, Query
from starlette.convertors import PathConvertor, register_url_convertor

ExampleId = Annotated[str, Path(description="Id of the example.", examples=["s000017"])]
ExampleIdAsked = Annotated[
    str, Query(alias="id", description="Id of the example, whatever it is.", examples=["s000017"])
]


class _AnyId(PathConvertor):
    """The rest of a path, line breaks too: Starlette's own ends at one."""

    regex = "(?s:.*)"


register_url_convertor("path", _AnyId())
