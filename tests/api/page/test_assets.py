"""The pages' files, without a browser."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import fastapi_offline
import plotly
import pytest

import hcdv_stream.api.page
from tests.api.world import Client, app_of
from tests.repository import ROOT

STATIC = Path(hcdv_stream.api.page.__file__).parent / "static"


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Client:
    return Client(app_of(tmp_path_factory.mktemp("empty")))


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_come_without_any_state_and_let_no_request_leave(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "connect-src 'self'"):
        assert rule in policy
    assert "http" not in policy


@pytest.mark.parametrize("path", sorted(path.name for path in STATIC.iterdir()))
def test_every_file_is_served_and_names_no_other_host(client, path):
    answer = client.get(f"/page/{path}")
    assert answer.content == (STATIC / path).read_bytes()
    text = answer.text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "http://" not in text
    assert "https://" not in text


BORROWED = {
    "plotly.min.js": Path(plotly.__file__).parent / "package_data",
    "swagger-ui-bundle.js": Path(fastapi_offline.__file__).parent / "static",
    "swagger-ui.css": Path(fastapi_offline.__file__).parent / "static",
}


@pytest.mark.parametrize("name", BORROWED)
def test_others_files_are_those_of_the_installed_packages(client, name):
    installed = (BORROWED[name] / name).read_bytes()
    answer = client.get(f"/page/{name}", headers={"Accept-Encoding": "identity"})
    assert answer.content == installed
    packed = client.get(f"/page/{name}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(installed) / 2
    assert packed.content == installed


def test_nothing_is_asked_of_frameworks_that_load_from_elsewhere(client):
    assert client.get("/redoc").status_code == 404
    assert client.get("/docs/oauth2-redirect").status_code == 404


def test_a_file_that_the_browser_has_is_not_sent_again(client):
    first = client.get("/page/page.js")
    again = client.get("/page/page.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/page/style.css").headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("name", ["no-such.js", "..%2Frouter.py", "router.py", "%2e%2e", "a/b.js"])
def test_nothing_else_is_served(client, name):
    answer = client.get(f"/page/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_file_travels_with_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["hcdv_stream"]
    for path in STATIC.iterdir():
        name = path.relative_to(ROOT / "hcdv_stream").as_posix()
        assert any(fnmatch(name, pattern) for pattern in patterns), name
