"""What strangers can do to the three servers by holding connections: little, and not for long."""

import re

import pytest

from tests.serving.attacks import answer, closed_within, connect, get, many
from tests.serving.conftest import running

HEAD = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n"
MIB = 1 << 20


def closed_as_full(served):
    status, said = get(served.port, "/metrics")
    assert status == 200
    full = re.search(rb'closed_total\{reason="full"\} (\d+)', said)
    assert full
    return int(full[1])


def test_it_survives_more_idle_connections_than_descriptors(served):
    before = closed_as_full(served)
    with many(served.port, 1200) as held:
        assert len(held) == 1200
        for _ in range(20):
            assert get(served.port, "/livez")[0] == 200
        assert served.descriptors < 900
        assert closed_as_full(served) - before >= 1200 - 512
    assert served.process.poll() is None


def test_it_survives_as_many_half_requests(served):
    with many(served.port, 1200, HEAD):
        assert get(served.port, "/livez")[0] == 200
        assert served.descriptors < 900


def test_large_heads_do_not_fill_the_memory(served):
    with many(served.port, 600, HEAD + b"X: " + b"x" * 700_000):
        assert get(served.port, "/livez")[0] == 200
    assert served.memory - served.idle_memory < 40 * MIB


def test_many_header_lines_and_trailers_are_refused(served):
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(101))
    got = answer(served.port, HEAD + lines + b"\r\n")
    assert got.startswith(b"HTTP/1.1 431 ")
    assert b"problem:head-too-large" in got
    assert answer(served.port, HEAD + b"X: " + b"y" * 33_000 + b"\r\n\r\n").startswith(
        b"HTTP/1.1 431"
    )
    assert answer(served.port, b"GET /" + b"y" * 33_000).startswith(b"HTTP/1.1 431")


def test_endless_trailers_end(served):
    head = b"POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    with connect(served.port, head) as one:
        try:
            for _ in range(400):
                one.sendall(b"T: " + b"t" * 65_000 + b"\r\n")
        except OSError:
            pass
        else:
            pytest.fail("26 MB of trailers were taken")
    assert served.memory - served.idle_memory < 20 * MIB


def test_many_pipelined_requests_end_the_connection(served):
    whole = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answer(served.port, whole * 50_000, seconds=3.0)
    assert served.memory - served.idle_memory < 30 * MIB
    assert get(served.port, "/livez")[0] == 200
    got = answer(served.port, whole * 5, seconds=1.0)  # a few are answered in order
    assert got.count(b"HTTP/1.1 200 OK") == 5


def test_pipelined_questions_for_metrics_shut_no_probe_out(served):
    question = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with many(served.port, 350, question * 3):
        for _ in range(5):
            assert get(served.port, "/livez")[0] == 200
    assert served.process.poll() is None


GARBAGE = [
    b"GET /\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"HELLO\r\n\r\n",
    b"GET / HTTP/3.7\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET http:// HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    b"POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Length: 5\r\n\r\n0\r\n\r\n",
]


def test_garbage_is_refused_and_nothing_is_logged_of_it(served):
    logged = len(served.log.read_text().splitlines())
    for data in GARBAGE:
        got = answer(served.port, data, seconds=2.0)
        assert re.match(rb"HTTP/1\.1 4\d\d ", got) or not got, (data, got)
        assert b"HTTP/1.1 5" not in got
    assert get(served.port, "/livez")[0] == 200
    log = served.log.read_text()
    assert "Traceback" not in log
    assert len(log.splitlines()) - logged < 3


def test_an_upgrade_is_answered_as_http(served):
    more = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"
    assert answer(served.port, HEAD + more, seconds=3.0).startswith(b"HTTP/1.1 200 ")


def test_head_is_answered_without_a_body(served):
    for path in ("/livez", "/metrics"):
        status, got = get(served.port, path, "HEAD")
        assert status == 200
        assert got.endswith(b"\r\n\r\n")
        assert b"content-length: " in got


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_are_refused(served, method):
    status, got = get(served.port, "/livez", method)
    assert status == 405
    assert b"allow: GET" in got


def test_clients_that_stop_in_the_middle_are_left(tmp_path):
    with running("api", tmp_path, HCDV_API_REQUEST_SECONDS="1") as served:
        body = (
            b"POST /v1/examples:batchGet HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{"
        )
        idle = connect(served.port, b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        stuck = [connect(served.port, data) for data in (b"", b"G", HEAD, body)]
        for one in stuck:
            assert closed_within(one, 10.0), stuck.index(one)
            one.close()
        with connect(served.port) as slow:  # a byte now and then does not help
            for byte in HEAD:
                try:
                    slow.sendall(bytes([byte]))
                except OSError:
                    break
                slow.settimeout(0.2)
                try:
                    if not slow.recv(100):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            else:
                pytest.fail("a head may take as long as it likes")
        with idle:
            assert closed_within(idle, 30.0), "kept alive for ever"


def test_an_answer_that_nobody_reads_is_given_up(tmp_path):
    with running("api", tmp_path) as served:
        asked = b"GET /v1/summary HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        before = served.memory
        with many(served.port, 100, asked * 16):
            assert get(served.port, "/livez")[0] == 200
        assert served.memory - before < 60 * MIB
