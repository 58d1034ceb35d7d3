"""A client of the API, in a synchronous and an asynchronous form.

    from hcdv_stream.client import Client

    with Client("http://localhost:8080") as client:
        print(client.example("s000017").value)
        for example in client.ranking(order="asc", label="buy", count=50):
            print(example.rank, example.id, example.value)

Answers are the models that the API's specification is made of (``hcdv_stream.api.models.answers``).
"""

from hcdv_stream.extras import needs

try:
    import httpx as _  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs("hcdv_stream.client", "client"), name="httpx") from error

from hcdv_stream.client.asynchronous import AsyncClient
from hcdv_stream.client.errors import ApiError, NotReachedError
from hcdv_stream.client.synchronous import Client

__all__ = ["ApiError", "AsyncClient", "Client", "NotReachedError"]
