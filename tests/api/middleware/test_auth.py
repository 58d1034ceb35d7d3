"""Who may ask for what."""

import stat
import time

import httpx
import pytest
from typer.testing import CliRunner

from hcdv_stream.api.app import build_app
from hcdv_stream.api.middleware.api_keys import KeyFile, Scope, keys_for, new_key
from hcdv_stream.cli.main import app as command_line
from hcdv_stream.errors import HcdvError
from hcdv_stream.serving.hosts import is_loopback
from hcdv_stream.settings import load_settings
from tests.api.serving import served
from tests.api.world import Client, app_of


@pytest.fixture
def keyed(tmp_path):
    """A file of keys, and a key of each scope."""
    secrets, path = {}, tmp_path / "keys.txt"
    path.write_text("# who asks\n\n")
    for scope in Scope:
        secrets[scope], key = new_key(f"{scope}-er", [scope])
        with path.open("a") as file:
            file.write(key.line)
    return path, secrets


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


NEEDS = [
    ("/v1/summary", Scope.READ),
    ("/v1/examples/x", Scope.READ),
    ("/v1/export", Scope.EXPORT),
    ("/metrics", Scope.METRICS),
    ("/readyz?verbose", Scope.METRICS),
    ("/internal/v1/view", Scope.SHARD),
]


@pytest.mark.parametrize(("path", "scope"), NEEDS)
def test_each_path_needs_its_scope(state_dir, owners, keyed, path, scope):
    client = Client(app_of(state_dir, api_keys=keyed[0]))
    for held, secret in keyed[1].items():
        answer = client.get(path, headers=bearer(secret))
        if held in {scope, Scope.ADMIN}:
            assert answer.status_code in {200, 404}
        else:
            assert answer.status_code == 403
            assert answer.json() == {
                "type": "urn:hcdv-stream:problem:key-not-good-for-this",
                "title": "The key is not good for this",
                "status": 403,
                "detail": f"the key '{held}-er' has not the scope '{scope}'",
                "instance": path.partition("?")[0],
            }


@pytest.mark.parametrize("headers", [{}, bearer("hcdv_x"), {"Authorization": "Basic eA=="}])
def test_no_key_no_answer(state_dir, owners, keyed, headers):
    client = Client(app_of(state_dir, api_keys=keyed[0]))
    answer = client.get("/v1/summary", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:hcdv-stream:problem:no-key",
        "title": "An API key is needed",
        "status": 401,
        "detail": "send a valid key as `Authorization: Bearer KEY`",
        "instance": "/v1/summary",
    }


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/docs", "/openapi.json"])
def test_probes_and_documentation_are_free(state_dir, owners, keyed, path):
    assert Client(app_of(state_dir, api_keys=keyed[0])).get(path).status_code == 200


def test_a_key_is_taken_out_without_a_restart(state_dir, owners, keyed):
    path, secrets = keyed
    client = Client(app_of(state_dir, api_keys=path))
    asked = bearer(secrets[Scope.READ])
    assert client.get("/v1/summary", headers=asked).status_code == 200
    lines = [line for line in path.read_text().splitlines() if not line.startswith("read-er")]
    path.write_text("\n".join(lines) + "\n")
    assert client.get("/v1/summary", headers=asked).status_code == 401


@pytest.mark.parametrize("scope", [Scope.READ, Scope.ADMIN])
def test_events_end_with_their_key(state_dir, owners, keyed, scope):
    path, secrets = keyed
    asked = {"headers": bearer(secrets[scope]), "timeout": 30}
    with served(app_of(state_dir, api_keys=path)) as address:
        url = f"{address}/v1/events?interval=3600"
        with httpx.stream("GET", url, **asked) as kept, httpx.stream("GET", url, **asked) as gone:
            lines, others = kept.iter_lines(), gone.iter_lines()
            assert next(lines) == next(others) == "retry: 1000"
            text = path.read_text().splitlines(keepends=True)
            path.write_text("".join(line for line in text if not line.startswith(f"{scope}-er")))
            begin = time.monotonic()
            assert [*lines, *others]
            assert time.monotonic() - begin < 10
        assert httpx.get(url, **asked).status_code == 401


def test_the_file_holds_hashes_alone(keyed):
    text = keyed[0].read_text()
    assert not any(secret in text for secret in keyed[1].values())
    assert {key.name for key in KeyFile(keyed[0])._keys} == {f"{scope}-er" for scope in Scope}


def test_on_this_machine_none_are_needed_and_elsewhere_they_are(keyed):
    def needed(**settings):
        chosen = load_settings(**settings)
        return keys_for(chosen, chosen.api_host) is not None

    assert not needed()
    assert not needed(api_host="::1")
    assert not needed(api_host="0.0.0.0", api_auth="off")
    assert needed(api_host="0.0.0.0", api_keys=keyed[0])
    assert needed(api_keys=keyed[0])
    assert needed(api_auth="on", api_keys=keyed[0])
    assert not needed(api_auth="off", api_keys=keyed[0])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"api_host": "0.0.0.0"}, "0.0.0.0 is open to other machines and there are no API keys"),
        ({"api_host": "api.example"}, "api.example is open to other machines"),
        ({"api_auth": "on"}, "HCDV_API_AUTH=on and there are no API keys"),
        ({"api_keys": "/nowhere/keys"}, "HCDV_API_KEYS=/nowhere/keys cannot be read"),
    ],
)
def test_it_refuses_to_be_open_unasked(tmp_path, settings, said):
    with pytest.raises(HcdvError, match=said):
        build_app(load_settings(state_dir=tmp_path, **settings))


@pytest.mark.parametrize(
    "line", ["a read", "a reading sha256:00", f"a read {'0' * 64}", "a read sha256:xy b"]
)
def test_a_line_that_is_none(tmp_path, line):
    path = tmp_path / "keys"
    path.write_text(f"# one\n{line}\n")
    with pytest.raises(HcdvError, match="line 2 is not NAME SCOPE"):
        KeyFile(path)


def test_the_command_makes_keys(tmp_path):
    path = tmp_path / "keys.txt"
    arguments = ["key", "shop", "--scope", "read", "--scope", "export", "--keys", str(path)]
    done = CliRunner().invoke(command_line, arguments)
    assert done.exit_code == 0
    secret = done.stdout.strip()
    key = KeyFile(path).find(secret)
    assert key is not None
    assert (key.name, key.scopes) == ("shop", {Scope.READ, Scope.EXPORT})
    assert KeyFile(path).find(secret[:-1]) is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(HcdvError, match="without spaces"):
        new_key("a b", [Scope.READ])


def test_loopback():
    assert all(map(is_loopback, ["127.0.0.1", "127.8.8.8", "::1", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "10.0.0.1", "example.org", ""]))


@pytest.mark.parametrize("mark", ["#", " #", "\t# ", "\u00a0#"])
def test_a_line_that_is_commented_out_is_no_key(keyed, mark):
    path, secrets = keyed
    path.write_text(path.read_text().replace("read-er", f"{mark}read-er"))
    keys = KeyFile(path)
    assert keys.find(secrets[Scope.READ]) is None
    assert keys.find(secrets[Scope.ADMIN]) is not None


@pytest.mark.parametrize("mark", [";", "//", "-", "--", "!", "'"])
def test_a_line_that_may_be_meant_as_a_comment_is_refused(keyed, mark):
    path, _ = keyed
    path.write_text(path.read_text().replace("read-er", f"{mark}read-er"))
    with pytest.raises(HcdvError, match="line 3 is not NAME SCOPE"):
        KeyFile(path)
    with pytest.raises(HcdvError, match="begins with a letter or digit"):
        new_key(f"{mark}read-er", [Scope.READ])
