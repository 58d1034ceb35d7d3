"""The gateway's metrics: what nobody serves is measured, also where nobody asks."""

import asyncio
import re
import time

from hcdv_stream.api import watchdog
from tests.api.world import app_of
from tests.gateway.conftest import ADDRESSES, Gateway


def measured(gateway) -> dict[str, float]:
    text = gateway.get("/metrics").text
    found = re.findall(r"^hcdv_(gateway_\w+(?:{.*})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def up(address: str) -> str:
    return f'gateway_sidecar_up{{sidecar="{address}"}}'


def test_missing_partitions_and_apis_are_counted(gateway):
    assert measured(gateway) == {"gateway_partitions_missing": 4}, "nothing is known yet"
    for stopped, missing in ((None, 0), (ADDRESSES[1], 2), (ADDRESSES[0], 4)):
        if stopped:
            gateway.stop(stopped)
        gateway.get("/v1/summary")
        expected = {up(address): float(address in gateway.apps) for address in ADDRESSES}
        assert measured(gateway) == {"gateway_partitions_missing": missing, **expected}


def test_the_age_of_the_view_is_that_of_its_newest_update(gateway):
    gateway.get("/v1/summary")
    written = max(part.written_at for part in gateway.source._last.partitions)
    text = gateway.get("/metrics").text
    (age,) = re.findall(r"^hcdv_api_view_age_seconds (\S+)$", text, re.MULTILINE)
    assert abs(time.time() - written - float(age)) < 60


def test_a_partition_beyond_the_setting_leaves_its_api_out(directories):
    apps = dict(zip(ADDRESSES, map(app_of, directories[1:]), strict=True))
    gateway = Gateway(apps, partitions=3)
    assert gateway.get("/v1/summary").json()["missing_partitions"] == [1]
    told = gateway.get("/readyz?verbose").json()["checks"][2]["detail"]
    assert told == (
        "http://right has partition 3 and HCDV_PARTITIONS=3: set it to the topic's number of "
        "partitions"
    )


def test_they_are_true_where_nobody_asks(gateway, monkeypatch):
    monkeypatch.setattr(watchdog, "_EVERY_SECONDS", 0.01)

    async def run() -> None:
        async with watchdog.watched(gateway.source), asyncio.timeout(30):
            while gateway.source._last is None:
                await asyncio.sleep(0.01)

    asyncio.run(run())
    assert measured(gateway)["gateway_partitions_missing"] == 0
