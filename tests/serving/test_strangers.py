"""A stranger without a key, against the API as a process whose readers have keys."""

import pytest

from hcdv_stream.api.middleware.api_keys import Scope, new_key
from tests.serving.attacks import connect, get, many, rest
from tests.serving.conftest import running

MIB = 1 << 20


@pytest.fixture
def keyed(tmp_path):
    secret, key = new_key("reader", [Scope.READ])
    path = tmp_path / "keys"
    path.write_text(key.line)
    return path, {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("kind", ["api", "gateway"])
def test_unfinished_bodies_take_no_places(kind, tmp_path, keyed):
    path, reader = keyed
    environment = {"HCDV_API_KEYS": str(path), "HCDV_API_MAX_REQUESTS": "8"}
    with running(kind, tmp_path, **environment) as served:
        head = (
            b"POST /v1/examples:batchGet HTTP/1.1\r\n"
            b"Host: localhost\r\nContent-Length: 999\r\n\r\n{"
        )
        with many(served.port, 300, head) as held:
            for _ in range(5):
                assert get(served.port, "/v1/summary", **reader)[0] == 200
            got = rest(held[-1], 8.0)  # it is closed, although the body never ended
            assert got.startswith(b"HTTP/1.1 401 ")


def test_a_holder_of_a_key_who_is_slow_takes_no_places(tmp_path, keyed):
    path, reader = keyed
    environment = {"HCDV_API_KEYS": str(path), "HCDV_API_MAX_REQUESTS": "8"}
    environment["HCDV_API_REQUEST_SECONDS"] = "2"
    with running("api", tmp_path, **environment) as served:
        head = (
            "POST /v1/examples:batchGet HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n"
            f"Authorization: {reader['Authorization']}\r\n\r\n{{"
        ).encode()
        with many(served.port, 100, head) as held:
            assert get(served.port, "/v1/summary", **reader)[0] == 200
            assert b"problem:body-too-slow" in rest(held[0], 10.0)


def test_an_endless_body_ends_with_its_refusal(tmp_path, keyed):
    with running("api", tmp_path, HCDV_API_KEYS=str(keyed[0])) as served:
        before = served.memory
        head = b"POST /v1/summary HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        with connect(served.port, head) as one:
            try:
                for _ in range(1000):
                    one.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            except OSError:
                pass
            else:
                pytest.fail("64 MiB were taken of a stranger")
        assert served.memory - before < 20 * MIB


def test_bodies_that_are_refused_whole(tmp_path):
    with running("api", tmp_path) as served:
        for body in (b"1" * 2_000_000, b"{" * 900_000):
            head = (
                b"POST /v1/examples:batchGet HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            )
            head += b"Expect: 100-continue\r\nContent-Type: application/json\r\n"
            head += b"Content-Length: %d\r\n\r\n" % len(body)
            with connect(served.port, head) as one:
                one.settimeout(5)
                first = one.recv(1000)
                if first.startswith(b"HTTP/1.1 100"):  # it is small enough to be wanted
                    one.sendall(body)
                    first = rest(one)
                assert first[9:12] in {b"413", b"422"}, body[:1]
            assert get(served.port, "/livez")[0] == 200
