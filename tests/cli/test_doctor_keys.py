"""``doctor`` on API keys."""

import pytest

from hcdv_stream.api.middleware.api_keys import Scope, new_key
from hcdv_stream.doctor.keys import check_keys
from hcdv_stream.settings import load_settings


def checked(path=None, **settings):
    return check_keys(load_settings(api_keys=path, **settings))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keys"
    lines = [new_key(f"{scope}-er", [scope])[1].line for scope in (Scope.READ, Scope.SHARD)]
    path.write_text("# ours\n" + "".join(lines))
    path.chmod(0o600)
    return path


def test_a_sound_file(path):
    check = checked(path)
    assert (check.status, check.detail) == ("ok", f"{path}: 2 keys (1 read, 1 shard)")


@pytest.mark.parametrize("mode", [0o604, 0o622, 0o660, 0o606])
def test_others_may_neither_read_nor_write_it(path, mode):
    path.chmod(mode)
    check = checked(path)
    assert check.status == "failed"
    assert "other users" in check.detail
    assert check.fix.startswith(f"chmod 600 {path}")


@pytest.mark.parametrize("line", ["a read", "a reading sha256:00", f"a read,x sha256:{'0' * 64}"])
def test_a_line_that_is_none_or_has_an_unknown_scope(path, line):
    path.write_text(path.read_text() + line)
    check = checked(path)
    assert check.status == "failed"
    assert "line 4 is not NAME SCOPE" in check.detail
    assert check.fix == "make it with `hcdv-stream key`"


def test_a_file_that_is_not_there_or_empty(tmp_path):
    assert "No such file" in checked(tmp_path / "no").detail
    (tmp_path / "empty").touch(mode=0o600)
    assert "has no keys" in checked(tmp_path / "empty").detail


def test_what_is_there_twice(path):
    text = path.read_text()
    _, again = new_key("read-er", [Scope.EXPORT])
    path.write_text(text + again.line)
    assert "'read-er', 'read-er' have the same name" in checked(path).detail
    path.write_text(text + text.splitlines()[1].replace("read-er read", "x admin") + "\n")
    assert "'read-er', 'x' have the same hash" in checked(path).detail


def test_where_no_key_is_needed_and_where_one_is(path):
    assert checked().status == "ok"
    assert checked(path, api_auth="off").status == "ok"
    check = checked(api_host="0.0.0.0")
    assert check.status == "failed"
    assert "there are no API keys" in check.detail + check.fix
    assert checked(gateway_host="0.0.0.0").status == "failed"
