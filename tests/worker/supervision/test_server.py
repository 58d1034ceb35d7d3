"""The endpoints beside the event loop."""

import http.client
import re
import socket
import urllib.error
import urllib.request
from contextlib import ExitStack

import pytest
from prometheus_client import CollectorRegistry

from hcdv_stream.errors import HcdvError
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.supervision.health import WorkerHealth
from hcdv_stream.worker.supervision.server import MetricsServer


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_metrics_and_probes():
    now = [0.0]
    registry, health = CollectorRegistry(), WorkerHealth(60.0, lambda: now[0])
    metrics = WorkerMetrics(registry)
    metrics.assignments.inc()
    with MetricsServer("127.0.0.1", 0, registry, health, metrics.connections) as server:
        status, text = get(server.port, "/metrics")
        assert status == 200
        assert "hcdv_group_assignments_total 1.0" in text
        assert get(server.port, "/livez") == (200, "ok\n")
        assert get(server.port, "/readyz") == (503, "no partitions are assigned yet\n")
        health.assigned(ready=True)
        assert get(server.port, "/readyz?verbose=1") == (200, "ok\n")
        now[0] = 100.0
        assert get(server.port, "/livez") == (503, "the event loop has not moved for 100 s\n")
        assert get(server.port, "/")[0] == 404


def server_on(host: str, port: int = 0, allowed_hosts: tuple[str, ...] = ()) -> MetricsServer:
    registry, health = CollectorRegistry(), WorkerHealth(60.0, lambda: 0.0)
    metrics = WorkerMetrics(registry)
    return MetricsServer(
        host, port, registry, health, metrics.connections, allowed_hosts=allowed_hosts
    )


def ask(server: MetricsServer, method: str, path: str, host: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_requests_for_other_hosts_are_refused():
    with server_on("127.0.0.1", allowed_hosts=("worker.example",)) as server:
        for path in ("/metrics", "/livez", "/readyz"):
            status, said = ask(server, "GET", path, "evil.example")
            assert status == 421
            assert b"HCDV_ALLOWED_HOSTS" in said
        for host in ("localhost", "127.0.0.1:80", "worker.example"):
            assert ask(server, "GET", "/metrics", host)[0] == 200
    with server_on("0.0.0.0") as server:  # where other machines may ask any name will do
        assert ask(server, "GET", "/metrics", "a.b")[0] == 200


@pytest.mark.parametrize(("path", "status"), [("/metrics", 200), ("/livez", 200), ("/readyz", 503)])
def test_head_has_no_body(path, status):
    with server_on("127.0.0.1") as server:
        assert ask(server, "HEAD", path, "localhost") == (status, b"")
        assert ask(server, "POST", path, "localhost")[0] == 405


def test_idle_connections_are_bounded():
    with server_on("127.0.0.1") as server, ExitStack() as held:
        for _ in range(100):
            held.enter_context(socket.create_connection(("127.0.0.1", server.port), 30))
        status, said = ask(server, "GET", "/metrics", "localhost")
        assert status == 200
        full = re.search(rb'closed_total\{reason="full"\} (\d+)', said)
        assert full
        assert int(full[1]) >= 101 - 64


def test_a_taken_port_is_a_sentence_with_the_fix():
    with (
        server_on("127.0.0.1") as server,
        pytest.raises(HcdvError, match=f"HCDV_METRICS_PORT={server.port} .*another port"),
    ):
        server_on("127.0.0.1", server.port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "x" * 300])
def test_another_port_is_advised_only_where_it_would_help(host):
    with pytest.raises(HcdvError) as caught:
        server_on(host)
    assert "set HCDV_METRICS_HOST to an address of this machine" in str(caught.value)
    assert "port, or 0" not in str(caught.value)


@pytest.mark.parametrize("host", ["::1", "::"])
def test_it_listens_on_ipv6_and_everywhere_means_both(host):
    with server_on(host) as server:
        asked = ["[::1]", "127.0.0.1"] if host == "::" else ["[::1]"]
        for address in asked:
            url = f"http://{address}:{server.port}/metrics"
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200


def test_every_metric_is_named_as_prometheus_has_it():
    registry = CollectorRegistry()
    WorkerMetrics(registry)
    for family in registry.collect():
        assert family.name.startswith("hcdv_")
        assert family.documentation.endswith(".")
        assert not family.name.endswith(("_ms", "_milliseconds", "_count"))
        if family.type == "histogram" and "seconds" in family.name:
            assert family.name.endswith("_seconds")
