"""The endpoints of the service's own processes: the API through its client, and the worker's.

The client knows the API alone, so probes and metrics are read with plain requests here. Between
this process and its children there is no proxy, whatever the environment names.
"""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from hcdv_stream.api.models.summary import SummaryAnswer
from hcdv_stream.client import ApiError, Client, NotReachedError
from hcdv_stream.runtime.tls_context import tls_context

UNANSWERED = (ApiError, NotReachedError)
"""What a read raises if the process does not answer or has nothing to say yet."""
_SECONDS = 10.0


def api_client(api: str) -> Client:
    """Return a client of the API at this address that does not try again by itself."""
    return Client(
        api, timeout=_SECONDS, retries=0, transport=httpx.HTTPTransport(verify=tls_context())
    )


def summary(api: str) -> SummaryAnswer:
    """Return the API's summary of the corpus; raises one of UNANSWERED."""
    with api_client(api) as client:
        return client.summary()


def is_up(url: str) -> bool:
    """Say whether a GET of a probe succeeds."""
    try:
        _read(url)
    except NotReachedError:
        return False
    return True


def metric_total(url: str, name: str) -> int:
    """Return the sum of a metric's samples over its labels; raises NotReachedError."""
    families = text_string_to_metric_families(_read(url))
    samples = (sample for family in families for sample in family.samples)
    return round(sum(sample.value for sample in samples if sample.name == name))


def _read(url: str) -> str:
    try:
        answer = httpx.get(url, timeout=_SECONDS, trust_env=False, verify=tls_context())
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise NotReachedError(url, error) from error
    return answer.text
