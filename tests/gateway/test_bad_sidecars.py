"""Whatever an API behind the gateway answers, it is left out with a reason, and in time."""

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from hcdv_stream.gateway.app import build_gateway
from hcdv_stream.runtime.tls_context import tls_context
from hcdv_stream.settings import load_settings
from tests.api.serving import served
from tests.api.world import app_of
from tests.gateway.misbehaving import (
    Answer,
    drip_body,
    drip_head,
    endless,
    hang,
    misbehaving,
    reset,
    said,
)

SECONDS = 3.0
VIEW, ASK = "/internal/v1/view", "/internal/v1/ask"


@pytest.fixture(scope="module")
def good(directories) -> Iterator[str]:
    """The address of an API that has partitions 0 and 2."""
    with served(app_of(directories[1])) as address:
        yield address


@pytest.fixture(scope="module")
def view(directories) -> dict:
    """What an API with partitions 1 and 3 says of its state."""
    with served(app_of(directories[2])) as address:
        return httpx.get(address + VIEW).json()


@contextmanager
def gateway(*addresses: str, **settings: object) -> Iterator[httpx.Client]:
    chosen = load_settings(
        gateway_sidecars=",".join(addresses),
        partitions=4,
        gateway_timeout_seconds=SECONDS,
        gateway_max_answer_mib=1,
        **settings,
    )
    with (
        served(build_gateway(chosen)) as address,
        httpx.Client(base_url=address, timeout=20, verify=tls_context()) as client,
    ):
        yield client


def numbered(view: dict, numbers: list[int], **changes: object) -> Answer:
    parts = [view["partitions"][0] | {"number": number} for number in numbers]
    return said(json.dumps(view | {"partitions": parts} | changes).encode())


def left_out(client: httpx.Client, reason: str, paths: list[str]) -> None:
    """Every path is answered without the bad API, the first soon and the others at once."""
    begin = time.monotonic()
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.json()["missing_partitions"] == [1, 3]
        assert time.monotonic() - begin < 5 * SECONDS + 5
    begin = time.monotonic()
    for _ in range(20):
        assert client.get("/v1/summary").status_code == 200
    assert time.monotonic() - begin < 5 * SECONDS + 5
    details = [check["detail"] for check in client.get("/readyz?verbose").json()["checks"]]
    assert any(reason in detail for detail in details), details


VIEWS = {
    "hang": (hang, "has no whole answer within 3 s"),
    "reset": (reset, "does not answer ("),
    "drip head": (drip_head, "has no whole answer within 3 s"),
    "drip body": (drip_body, "has no whole answer within 3 s"),
    "endless": (endless, "answers more than 1,048,576 bytes"),
    "not http": (lambda one, _: one.sendall(b"SSH-2.0-x\r\n"), "does not answer ("),
    "error page": (said(b"<h1>\x1b[31mNo</h1>", "502 X", "text/html"), "answers 502: <h1>"),
    "other type": (said(b"{}", kind="text/html"), "answers with text/html"),
    "redirect": (said(b"", "302 Found", more="Location: http://127.0.0.1:1/\r\n"), "answers 302"),
    "not json": (said(b"{no"), "answers what this version does not read"),
    "deep json": (said(b"[" * 200_000), "answers what this version does not read"),
    "deep error": (said(b"[" * 200_000, "500 X"), "answers 500: [["),
    "another shape": (said(b'{"a": 1}'), "answers what this version does not read"),
    "zipped": (
        said(gzip.compress(b" " * 50_000_000, 1), more="Content-Encoding: gzip\r\n"),
        "answers compressed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", VIEWS)
def test_a_state_that_cannot_be_had(good, way):
    answer, reason = VIEWS[way]
    with misbehaving({"/": answer}) as bad, gateway(good, bad) as client:
        left_out(client, reason, ["/v1/summary", "/v1/examples?limit=3", "/v1/providers"])


STATES = {
    "too high": ([1, 1_000_000_000], {}, "has partition 1000000000 and HCDV_PARTITIONS=4"),
    "below zero": ([-1], {}, "has partition -1 and HCDV_PARTITIONS=4"),
    "twice": ([1, 3, 1], {}, "names a partition twice"),
    "none": ([], {}, "has no partition"),
    "other topic": ([1, 3], {"topic": "x"}, "serves the topic 'x' and HCDV_TOPIC=sessions"),
}  # fmt: skip


@pytest.mark.parametrize("way", STATES)
def test_a_state_that_cannot_be_true(good, view, way):
    numbers, changes, reason = STATES[way]
    answer = numbered(view, numbers, **changes)
    with misbehaving({"/": answer}) as bad, gateway(good, bad) as client:
        left_out(client, reason, ["/v1/summary", "/v1/examples?limit=3"])


def test_a_number_that_is_none_is_not_taken(good, view):
    text = json.dumps(view).replace('"event_time": ', '"event_time": 1e999, "x": ', 1)
    text = text.replace(', "x": ' + str(view["partitions"][0]["event_time"]), "")
    with misbehaving({"/": said(text.encode())}) as bad, gateway(good, bad) as client:
        left_out(client, "answers what this version does not read", ["/v1/summary"])


ANSWERS = {
    "hang": (hang, "has no whole answer within 3 s"),
    "drip": (drip_body, "has no whole answer within 3 s"),
    "endless": (endless, "answers more than 1,048,576 bytes"),
    "error": (said(b"{}", "500 X"), "answers 500"),
    "refusal": (said(b'{"detail": "no"}', "403 X"), "refuses the key (no)"),
    "deep": (said(b'{"examples":' + b"[" * 100_000), "answers what this version does not read"),
    "another": (said(b'{"counts": [1, 2, 3]}'), "answers what this version does not read"),
    "too many": (said(b'{"examples": [], "total": -1}'), "answers"),
}


@pytest.mark.parametrize("way", ANSWERS)
def test_one_that_shows_a_state_and_answers_no_question(good, view, way):
    answer, reason = ANSWERS[way]
    ways = {VIEW: said(json.dumps(view).encode()), ASK: answer}
    with misbehaving(ways) as bad, gateway(good, bad) as client:
        left_out(client, reason, ["/v1/examples?limit=3", "/v1/summary", "/v1/providers"])


@pytest.mark.parametrize("at", ["(" * 9000 + "~x", "x~" + "a" * 40_000, "%0d~%20", "-~../x"])
def test_no_reader_makes_an_api_count_as_missing_by_a_state_of_his_own(good, view, at):
    """What an API refuses because of the reader is no failing of the API's."""
    ways = {f"{VIEW}?at": said(b"{}", "431 X"), VIEW: said(json.dumps(view).encode()), ASK: hang}
    with misbehaving(ways) as bad, gateway(good, bad) as client:
        assert client.get(f"/v1/examples?limit=1&at={at}").status_code == 410
        details = [check["detail"] for check in client.get("/readyz?verbose").json()["checks"]]
        assert details[1:3] == ["answers", "answers"]


def test_a_question_that_is_too_large_for_an_api_is_the_readers_fault(good, view):
    ways = {VIEW: said(json.dumps(view).encode()), ASK: said(b"{}", "413 X")}
    with misbehaving(ways) as strict, gateway(good, strict) as client:
        ids = [f"{'s' * 900}{number}" for number in range(1000)]
        answer = client.post("/v1/examples:batchGet", json={"ids": ids})
        assert answer.status_code == 413
        assert answer.json()["type"] == "urn:hcdv-stream:problem:body-too-large"
        details = [check["detail"] for check in client.get("/readyz?verbose").json()["checks"]]
        assert details[1:3] == ["answers", "answers"]


def test_a_single_one_of_another_bundle_is_left_out(good, view):
    strange = {VIEW: numbered(view, [1], fingerprint="ff"), ASK: hang}
    with misbehaving(strange) as bad, gateway(good, bad) as client:
        answer = client.get("/v1/summary")
        assert answer.json()["missing_partitions"] == [1, 3]
        checks = client.get("/readyz?verbose").json()["checks"]
        assert "has a state of another bundle or other parameters" in checks[2]["detail"]


def test_one_that_recovers_is_asked_again(good, directories, view):
    """Its first answers are errors; a second later it is a real one again."""
    state = {"bad": True}
    with served(app_of(directories[2])) as real:

        def turned(one, stop):
            if state["bad"]:
                said(b"{}", "500 X")(one, stop)
            else:
                said(httpx.get(real + VIEW).content)(one, stop)

        with misbehaving({"/": turned}) as bad, gateway(good, bad) as client:
            assert client.get("/v1/summary").json()["missing_partitions"] == [1, 3]
            state["bad"] = False
            deadline = time.monotonic() + 15
            while "does" in (
                told := client.get("/readyz?verbose").json()["checks"][2]["detail"]
            ) or told.startswith(bad):
                assert time.monotonic() < deadline, told
                time.sleep(0.05)
            assert told == "answers"
