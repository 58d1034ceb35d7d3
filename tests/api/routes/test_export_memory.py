"""An export of 200,000 examples takes no more memory than one of few."""

import re
import time
from pathlib import Path

import httpx
import pytest

from tests.api.large import write_large
from tests.processes.service_process import serving

EXAMPLES = 200_000
MOST_GROWTH = 16 << 20


def resident(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^RssAnon:\s+(\d+) kB$", status, re.M)[1]) * 1024


def settle(pid):
    """Wait until the process has done what it does by itself in the seconds after its start."""
    same, last = 0, 0
    while same < 25:
        time.sleep(0.2)
        now = resident(pid)
        same = same + 1 if abs(now - last) < 1 << 20 else 0
        last = now


@pytest.mark.slow
@pytest.mark.alone
def test_memory_is_flat(tmp_path):
    write_large(tmp_path, EXAMPLES)
    with (
        serving("api", state_dir=tmp_path) as (process, address),
        httpx.Client(base_url=address) as client,
    ):
        client.get("/readyz")
        while client.get("/readyz").status_code != 200:
            pass
        settle(process.pid)
        for format in ("ndjson", "csv", "arrow"):
            asked = {"format": format}
            with client.stream("GET", "/v1/export", params=asked, timeout=60.0) as answer:
                read, before, most = 0, None, 0
                for part in answer.iter_raw():
                    read += len(part)
                    if read > 1_000_000:
                        most = max(most, resident(process.pid))
                        before = before or most
            assert read > 15_000_000
            assert most - before < MOST_GROWTH, f"{format}: {(most - before) >> 20} MiB more"
            print(f"{format}: {read >> 20} MiB, {(most - before) / 2**20:.1f} MiB more resident")
