"""The quickstart's commands, run as they stand, on a broker and ports of the test's own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hcdv_stream.broker.embedded import EmbeddedBroker, free_port
from hcdv_stream.offline.tables import read_table
from tests.repository import ROOT

PAGE = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)

pytestmark = [pytest.mark.slow, pytest.mark.broker]

_HEAD = """set -euo pipefail
trap 'status=$?; kill $(jobs -p) 2>/dev/null || true; wait || true; exit $status' EXIT
"""
_UNTIL_READY = "until curl --silent --fail {url}/readyz >/dev/null; do sleep 0.2; done\n"


def run(script: str, directory: Path, **variables: str) -> str:
    """What a script says, which must end well."""
    commands = str(Path(sys.executable).parent)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"} | variables
    environment["PATH"] = f"{commands}:{environment['PATH']}"
    done = subprocess.run(
        ["timeout", "150", "bash", "-c", _HEAD + script],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_file_is_valued(tmp_path: Path) -> None:
    run(BLOCKS[0], tmp_path)
    values, chosen = (read_table(tmp_path / name) for name in ("values.parquet", "chosen.csv"))
    assert 0.25 < len(chosen) / len(values) < 0.35
    assert {"id", "label", "value", "stderr", "leaf", "path"} <= set(values.column_names)


def test_a_stream_is_valued(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    prepare, serve, ask = BLOCKS[1:]
    assert "&\nhcdv-stream api &" in serve
    script = serve + _UNTIL_READY.format(url=url) + ask.replace("http://127.0.0.1:8080", url)
    with EmbeddedBroker() as broker:
        settings = {
            "HCDV_BOOTSTRAP": broker.bootstrap,
            "HCDV_API_PORT": str(port),
            "HCDV_API_URL": url,
            "HCDV_METRICS_PORT": str(free_port()),
        }
        run(prepare, tmp_path, **settings)
        said = run(script, tmp_path, **settings)
    assert '"as_of"' in said
    assert '"examples":500,' in said
