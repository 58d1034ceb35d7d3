"""The OpenAPI page: committed, with examples, and true."""

import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from scripts.docs.openapi import PAGE, specification
from tests.processes.service_process import serving
from tests.repository import ROOT

CONFIGURATION = """
[checks.not_a_server_error]
# A demand that is not met, min_offset, max_lag or max_age, is answered with 503 and Retry-After.
expected-statuses = ["2xx", "3xx", "4xx", 503]
[checks.positive_data_acceptance]
# Whether classes, cursors and states exist depends on the corpus, not on the schema.
expected-statuses = ["2xx", "3xx", 404, 409, 410, 422, 503]
[checks.negative_data_rejection]
# A parameter that is made null is left out of the request, so another reason may come first.
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 410, 415, 422, 428, 429, 431, "5xx"]
"""


def page():
    return orjson.loads(specification())


def test_the_committed_page_is_up_to_date():
    committed = (ROOT / PAGE).read_bytes()
    assert committed == specification(), "run: python -m scripts.docs.openapi"


def test_what_is_in_angle_brackets_is_code_and_so_not_lost_as_html():
    text = specification().decode()
    assert "`<partition>:<offset>`" in text
    assert "<" not in re.sub(r"`[^`]*`", "", text)


def test_every_field_is_shown_by_example():
    for name, schema in page()["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            refers = b'"$ref"' in orjson.dumps(described)
            shown = described.keys() & {"examples", "const", "default", "enum"}
            assert refers or shown, f"{name}.{field}"


def test_every_parameter_says_what_it_is_for():
    for path, methods in page()["paths"].items():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                assert parameter.get("description"), f"{path}: {parameter['name']}"


@pytest.mark.slow
def test_schemathesis_finds_nothing(tmp_path, state_dir, owners):
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    options = ["--checks=all", "--no-color", "--max-examples=4", "--seed=7", "--request-timeout=2"]
    options += ["--generation-database=none"]
    command = [Path(sys.executable).with_name("schemathesis"), "run", *options]
    with serving("api", state_dir=state_dir) as (_, address):
        done = subprocess.run(
            [*command, f"{address}/openapi.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    assert "generated" in done.stdout, "nothing was asked"
