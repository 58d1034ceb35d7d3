"""Ids that addresses do not like, over a socket: routes, client and command line."""

import asyncio
from urllib.parse import quote

import httpx
import orjson
import pytest
from typer.testing import CliRunner

from hcdv_stream.cli.main import app as command_line
from hcdv_stream.client import AsyncClient, Client
from hcdv_stream.valuation.batch import Batch
from tests.api.serving import served
from tests.api.world import Owner, app_of

IDS = [
    ".", "..", "...", "../..", "a/b", "/a", "a/", "a//b", "//", "100%", "%2e%2e", "a%2Fb", "ü ß",
    "日本", "a\nb", "\n", "a\n", "\r\n", "\t", " ", "a?b#c", "a+b", "a&id=b", "=1+1", "'x", "-1",
    "@x", "a\x00b", "\u2028", "a:get", ":get", "😀",
]  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    state_dir = tmp_path_factory.mktemp("odd")
    owner = Owner(state_dir, 0)
    batch = owner.batch(len(IDS))
    owner.apply(Batch(IDS, batch.labels, batch.providers, batch.timestamps, batch.embeddings))
    with served(app_of(state_dir)) as address:
        yield address
    owner.store.close()


def test_every_id_can_be_asked_for_as_a_parameter(address):
    with httpx.Client(base_url=address) as client:
        for id in IDS:
            for path in ("examples", "history", "why"):
                answer = client.get(f"/v1/{path}:get", params={"id": id})
                assert answer.status_code == 200, (path, id, answer.text)
                said = answer.json()
                assert (said["example"] if path == "why" else said)["id"] == id


def test_every_id_but_steps_can_be_asked_for_in_the_path(address):
    host, port = address.removeprefix("http://").split(":")
    with httpx.Client(base_url=address) as client:
        for id in IDS:
            raw = f"/v1/examples/{quote(id, safe='')}"
            if id in {".", ".."}:
                raw = raw.replace(".", "%2E")
            url = httpx.URL(scheme="http", host=host, port=int(port), raw_path=raw.encode())
            answer = client.get(url)
            assert answer.status_code == 200, (id, answer.text)
            assert answer.json()["id"] == id


def test_the_clients_ask_for_every_id(address):
    with Client(address) as client:
        for id in IDS:
            assert client.example(id, rank=True).id == id
            assert client.history(id).id == id
        assert set(client.examples_by_id(IDS)) == set(IDS)

    async def ask():
        async with AsyncClient(address) as client:
            return [(await client.example(id)).id for id in IDS]

    assert asyncio.run(ask()) == IDS


@pytest.mark.parametrize("id", ["..", "a\nb", "100%", "-1"])
def test_the_command_line_does(address, id):
    done = CliRunner().invoke(command_line, ["example", "--url", address, "--json", "--", id])
    assert done.exit_code == 0, done.output
    assert orjson.loads(done.stdout)["id"] == id
