"""A key file that cannot be used takes every key with it, soon and with a word; a good one is taken
up at once."""

import logging
import os

import pytest

from hcdv_stream.api.middleware.api_keys import LOOK_SECONDS, KeyFile, Scope, new_key
from hcdv_stream.errors import HcdvError
from tests.api.middleware.test_auth import bearer, keyed  # noqa: F401 (a fixture)
from tests.api.world import Client, app_of


def _appended(path):
    path.write_text(path.read_text() + "half a li")


def _emptied(path):
    path.write_text("")


def _garbled(path):
    path.write_bytes(os.urandom(500))


def _made_a_directory(path):
    path.unlink()
    path.mkdir()


def _grown(path):
    path.write_text(path.read_text() + "# x\n" * 300_000)


WAYS = [_appended, _emptied, _garbled, lambda path: path.unlink(), _made_a_directory, _grown]


@pytest.mark.parametrize("spoil", WAYS)
def test_every_key_is_refused_until_the_file_is_good_again(
    state_dir,
    owners,
    keyed,  # noqa: F811
    caplog,
    spoil,
):
    path, secrets = keyed
    good = path.read_text()
    client = Client(app_of(state_dir, api_keys=path))
    admin = bearer(secrets[Scope.ADMIN])
    assert client.get("/v1/summary", headers=admin).status_code == 200
    assert "\nhcdv_api_keys_usable 1.0\n" in client.get("/metrics", headers=admin).text
    spoil(path)
    with caplog.at_level(logging.INFO):
        for asked in ("/v1/summary", "/v1/export", "/internal/v1/view", "/readyz?verbose"):
            answer = client.get(asked, headers=admin)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["type"] == "urn:hcdv-stream:problem:keys-unusable"
            assert str(path) not in answer.text
        assert client.get("/metrics").text == "hcdv_api_keys_usable 0.0\n"
        assert client.get("/livez").status_code == 200
        if path.is_dir():
            path.rmdir()
        path.write_text(good)
        assert client.get("/v1/summary", headers=admin).status_code == 200
    said = [record.getMessage() for record in caplog.records if "API keys" in record.getMessage()]
    assert said == ["API keys unusable, every key is refused", "API keys usable again"]


@pytest.mark.parametrize("spoil", WAYS)
def test_no_key_is_found_in_a_file_that_was_spoilt(keyed, spoil):  # noqa: F811
    """Whoever asks for a key alone, as a stream does, is not to get one of before."""
    path, secrets = keyed
    keys = KeyFile(path)
    spoil(path)
    assert [keys.find(secret) for secret in secrets.values()] == [None] * len(secrets)
    assert keys.problem() is not None


def test_an_edit_of_the_same_size_and_time_is_seen_within_the_bound(keyed):  # noqa: F811
    path, secrets = keyed
    now = [0.0]
    keys = KeyFile(path, lambda: now[0])
    assert keys.find(secrets[Scope.READ]) is not None
    status = path.stat()
    before = path.read_text()
    digest = next(line for line in before.splitlines() if line.startswith("read-er")).split()[2]
    path.write_text(before.replace(digest, "sha256:" + "0" * 64))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    now[0] = LOOK_SECONDS
    assert keys.find(secrets[Scope.READ]) is None
    assert keys.find(secrets[Scope.ADMIN]) is not None


@pytest.mark.parametrize("content", ["", "# nobody\n", "\n\n"])
def test_a_file_without_keys_is_none(tmp_path, content):
    path = tmp_path / "keys"
    path.write_text(content)
    with pytest.raises(HcdvError, match="has no keys"):
        KeyFile(path)


def test_a_file_with_a_mark_of_its_encoding_is_one(tmp_path):
    secret, key = new_key("a", [Scope.READ])
    path = tmp_path / "keys"
    path.write_bytes(b"\xef\xbb\xbf" + key.line.replace("\n", "\r\n").encode())
    assert KeyFile(path).find(secret) == key
