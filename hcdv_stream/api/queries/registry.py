"""The one table of queries: each that a module of this folder defines."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from hcdv_stream.api import queries
from hcdv_stream.api.queries.query import ShardQuery


def find_queries() -> dict[str, ShardQuery[Any, Any]]:
    """Return the queries of all modules by name; raises ValueError if two have the same one."""
    found: dict[str, ShardQuery[Any, Any]] = {}
    for module in iter_modules(queries.__path__, f"{queries.__name__}."):
        for one in vars(import_module(module.name)).values():
            if isinstance(one, ShardQuery) and found.setdefault(one.name, one) is not one:
                raise ValueError(f"{module.name} defines a second query {one.name!r}: rename it")
    return found


QUERIES: Mapping[str, ShardQuery[Any, Any]] = find_queries()
"""All queries by name."""
