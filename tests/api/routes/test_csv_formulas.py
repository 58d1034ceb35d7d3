"""A spreadsheet takes no id or name of an export for a formula, and nothing is lost."""

import csv
import io
from dataclasses import replace

import orjson
import pytest

from tests.api.world import Client, Owner, app_of

NAMES = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "'x",
    "''=x",
    "plain",
    "a=b",
    '="a,b"',
]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    state_dir = tmp_path_factory.mktemp("formulas")
    owner = Owner(state_dir, 0)
    batch = owner.batch(len(NAMES))
    providers = [*NAMES[1:], None]
    owner.apply(replace(batch, ids=NAMES, providers=providers))
    yield Client(app_of(state_dir))
    owner.store.close()


def rows(client, form):
    return client.get("/v1/export", params={"format": form}).text


def test_no_cell_of_text_is_a_formula_and_all_can_be_had_back(client):
    told = [orjson.loads(line) for line in rows(client, "ndjson").splitlines()]
    read = list(csv.DictReader(io.StringIO(rows(client, "csv"), newline="")))
    assert {row["id"] for row in told} == set(NAMES)
    for plain, cell in zip(told, read, strict=True):
        for name in ("id", "provider", "label", "leaf"):
            assert cell[name][:1] not in set("=+-@\t\r\n")
            undone = cell[name][1:] if cell[name].startswith("'") else cell[name]
            assert undone == (plain[name] or "")
        assert float(cell["value"]) == plain["value"]
        assert float(cell["doubt"]) == plain["doubt"]
        assert cell["suggested"] == plain["suggested"]
        assert not cell["value"].startswith("'")
