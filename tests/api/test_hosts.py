"""Whom requests may be for: no page of a stranger's site reads what listens on this machine."""

import httpx
import pytest

from hcdv_stream.serving.hosts import known_names
from tests.api.middleware.test_auth import bearer, keyed  # noqa: F401 (a fixture)
from tests.api.world import Client, app_of

OWN = [
    "localhost",
    "localhost:8080",
    "127.0.0.1:80",
    "[::1]:8080",
    "[::1]",
    "LOCALHOST.",
    "127.0.0.1",
]
OTHERS = [
    "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "",
    "127.0.0.2", "user@localhost", "localhost/x", "localhost:x", "\xff",
]  # fmt: skip


@pytest.fixture(scope="module")
def local(state_dir, owners):
    return Client(app_of(state_dir, allowed_hosts=""))


@pytest.mark.parametrize("host", OWN)
def test_names_of_this_machine(local, host):
    assert local.get("/v1/summary", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", OTHERS)
@pytest.mark.parametrize("path", ["/v1/summary", "/metrics", "/livez", "/", "/openapi.json"])
def test_other_names_are_refused_everywhere(local, host, path):
    answer = local.get(path, headers=[(b"Host", host.encode("latin-1"))])
    assert answer.status_code == 421
    assert answer.json()["type"] == "urn:hcdv-stream:problem:unknown-host"
    assert "HCDV_ALLOWED_HOSTS" in answer.json()["detail"]


def test_two_names_are_refused(local):
    two = [("Host", "localhost"), ("Host", "evil.example")]
    assert local.get("/livez", headers=httpx.Headers(two)).status_code == 421


def test_a_proxy_s_name_can_be_allowed(state_dir, owners):
    client = Client(app_of(state_dir, allowed_hosts="values.example"))
    assert client.get("/livez", headers={"Host": "values.example"}).status_code == 200
    assert client.get("/livez", headers={"Host": "localhost"}).status_code == 200
    assert client.get("/livez", headers={"Host": "evil.example"}).status_code == 421


def test_where_other_machines_may_ask_any_name_will_do(state_dir, owners, keyed):  # noqa: F811
    app = app_of(state_dir, api_host="0.0.0.0", api_keys=keyed[0], allowed_hosts="")
    answer = Client(app).get("/v1/summary", headers={"Host": "a.b", **bearer(keyed[1]["read"])})
    assert answer.status_code == 200
    assert known_names("0.0.0.0", ()) is None
