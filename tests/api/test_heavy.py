"""Long tables come in pages, and long questions hold nobody up."""

import asyncio
import gc
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from anyio.to_thread import current_default_thread_limiter

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.queries.providers import ProviderSums, ShardProvider
from tests.api.large import write_large
from tests.api.world import Client, app_of
from tests.processes.service_process import serving

EXAMPLES, PROVIDERS = 40_000, 20_000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    directory = tmp_path_factory.mktemp("large")
    write_large(directory, EXAMPLES, providers=PROVIDERS)
    return directory


@pytest.mark.parametrize(("path", "name"), [("providers", "providers"), ("payouts", "payouts")])
def test_pages_add_up_to_the_whole_table(large, path, name):
    client = Client(app_of(large))
    asked = {"amount": 1_000_000, "uncertain": "true"} if path == "payouts" else {}
    whole, cursor, pages = [], None, 0
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = client.get(f"/v1/{path}", params={"limit": 7000, **asked, **more})
        body = answer.json()
        assert answer.status_code == 200, body
        assert body["total"] == PROVIDERS
        whole, cursor, pages = whole + body[name], body["next"], pages + 1
        assert ("next" in answer.links) is bool(cursor)
        if cursor is None:
            break
    assert pages == 3
    assert len({one["provider"] for one in whole}) == PROVIDERS
    keys = [(-one["value"], one["provider"]) for one in whole]
    assert keys == sorted(keys)
    if path == "payouts":
        assert sum(one["amount"] for one in whole) == 1_000_000
    wrong = client.get(f"/v1/{path}", params={**asked, "cursor": "x"})
    assert wrong.status_code == 422
    other = client.get(f"/v1/{path}", params={**asked, "cursor": cursor or "e30", "beta": 0.1})
    assert other.status_code == 422


def test_equal_values_are_ordered_by_name():
    sums = ProviderSums()
    names = ["b", None, "a", "d", "c"]
    values = [1.0, 1.0, 1.0, 2.0, 0.5]
    sums.add(
        [
            ShardProvider(provider=name, examples=1, values=[value], variances=[4.0])
            for name, value in zip(names, values, strict=True)
        ]
    )
    table = sums.table()
    assert [total.provider for total in table.page(0, 9)] == ["d", None, "a", "b", "c"]
    assert table.value == 5.5
    assert table.page(0, 1)[0].stderr == 2.0


def test_a_table_is_computed_once_for_a_state(large, monkeypatch):
    computed = []
    table = ProviderSums.table
    monkeypatch.setattr(ProviderSums, "table", lambda self: computed.append(1) or table(self))
    client = Client(app_of(large))
    view = client.get("/v1/providers", params={"limit": 3}).json()["as_of"]["view"]
    for params in ({}, {"limit": 1}, {"at": view}):
        assert client.get("/v1/providers", params=params).status_code == 200
    client.get("/v1/payouts", params={"amount": 5, "beta": 0.5, "lambda": 0.05})
    assert len(computed) == 1
    for amount in (5, 6):
        client.get("/v1/payouts", params={"amount": amount})
    assert len(computed) == 2
    client.get("/v1/providers", params={"utility": "accuracy"})
    assert len(computed) == 3


def test_short_questions_and_probes_do_not_wait_for_long_ones(large):
    app = app_of(large)
    go, blocked = threading.Event(), threading.Semaphore(0)

    def hold():
        blocked.release()
        go.wait(30)

    async def ask():
        current_default_thread_limiter().total_tokens = 4  # as when it is served
        tasks = [asyncio.ensure_future(run_heavy(hold)) for _ in range(20)]
        transport = httpx.ASGITransport(app)
        try:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as client:
                while not blocked.acquire(blocking=False):
                    await asyncio.sleep(0.01)
                for path in (
                    "/livez",
                    "/readyz",
                    "/metrics",
                    "/v1/examples/example-000003-004",
                    "/v1/examples/example-000003-004?rank=true",
                ):
                    async with asyncio.timeout(10):
                        assert (await client.get(path)).status_code == 200
                waiting = asyncio.ensure_future(client.get("/v1/providers"))
                done, _ = await asyncio.wait([waiting], timeout=0.3)
                assert not done
                go.set()
                assert (await waiting).status_code == 200
        finally:
            go.set()
            await asyncio.gather(*tasks)

    asyncio.run(ask())


LOOP = """
import sys, httpx
with httpx.Client(base_url=sys.argv[1], timeout=120) as client:
    while True:
        client.get("/v1/providers").raise_for_status()
"""


@pytest.mark.slow
def test_point_reads_beside_loops_over_many_providers(large):
    with (
        serving("api", state_dir=large) as (_, address),
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        while client.get("/readyz").status_code != 200:
            time.sleep(0.05)
        client.get("/v1/providers")

        def p99():
            seconds = []
            for turn in range(150):
                name = f"example-{turn % 800:06d}-{turn % 50:03d}"
                for path in (f"/v1/examples/{name}", "/livez"):
                    begin = time.perf_counter()
                    assert client.get(path).status_code == 200
                    seconds.append(time.perf_counter() - begin)
            return float(np.percentile(seconds, 99))

        alone = p99()
        command = [sys.executable, "-c", LOOP, address]
        loops = [subprocess.Popen(command) for _ in range(4)]
        try:
            beside = p99()
        finally:
            for loop in loops:
                loop.kill()
                loop.wait()
        print(f"p99 alone {1e3 * alone:.1f} ms, beside four loops {1e3 * beside:.1f} ms")
        assert beside < 0.05 + 10 * alone  # seconds before the table was kept and paged


def never_read(address, path):
    """Ask and read nothing; return the socket."""
    host, port = re.search(r"//(.*):(\d+)", address).groups()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((host, int(port)))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    return client


def is_open(pid, port):
    """Whether the process has a connection of that remote port."""
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[2].endswith(f":{port:04X}") and fields[3] == "01":
            return True
    return False


def test_an_export_that_is_never_read_is_cut_off(large, monkeypatch):
    monkeypatch.setenv("HCDV_API_WRITE_SECONDS", "4")
    with (
        serving("api", state_dir=large) as (process, address),
        httpx.Client(base_url=address) as client,
    ):
        while client.get("/readyz").status_code != 200:
            time.sleep(0.05)
        idle = never_read(address, "/v1/export")
        port = idle.getsockname()[1]
        deadline = time.monotonic() + 60
        while is_open(process.pid, port):
            assert time.monotonic() < deadline, "still open"
            time.sleep(0.1)
        idle.close()
        # Whoever reads slowly, but reads, gets all of it.
        with client.stream("GET", "/v1/export") as answer:
            lines = 0
            for number, part in enumerate(answer.iter_raw(4096)):
                lines += part.count(b"\n")
                if number < 12:
                    time.sleep(0.1)
        assert lines == EXAMPLES


def test_an_event_stream_ends(large):
    app = app_of(large, api_stream_seconds=0.5)
    begin = time.monotonic()
    answer = Client(app).get("/v1/events")
    assert 0.4 < time.monotonic() - begin < 20
    assert answer.text.count("event: update") == 1


def test_the_collector_forgets_the_table_of_providers():
    """A full collection goes through what it keeps track of while every request waits."""
    sums = ProviderSums()
    sums.add(
        [
            ShardProvider.model_construct(
                # a tuple of constants would be loaded with the module and not collected at all
                provider=f"p{number}",
                examples=1,
                values=(number / 2,),
                variances=(number / 4,),
            )
            for number in range(1000)
        ]
    )
    table = sums.table()
    gc.collect()
    assert not any(gc.is_tracked(row) for row in table.rows)
    parts = [*sums._values.values(), *sums._variances.values(), *sums._arrivals.values()]
    assert not any(map(gc.is_tracked, parts))
