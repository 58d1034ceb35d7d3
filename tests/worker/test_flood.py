"""A flood is seen: copies and foreign ids in state, metrics and API, and refused by setting."""

import pytest

from hcdv_stream.api.app import build_app
from hcdv_stream.settings import load_settings
from tests.api.world import Client
from tests.worker.conftest import Workers
from tests.worker.harness import (
    WorkerProcess,
    consume,
    produce,
    session,
    state_bytes,
    stored,
    wait_for_offset,
)

pytestmark = pytest.mark.broker


def flood() -> list[tuple[bytes | None, bytes | None]]:
    """200 sessions of five sellers; a sixth copies 30, and takes over the ids of 20."""
    log = [session(number) for number in range(200)]
    for number in range(30):
        _, value = session(number, id=f"copy-{number}", provider="copier")
        log.append((f"copy-{number}".encode(), value))
    log += [session(number, provider="copier") for number in range(100, 120)]
    return log


@pytest.mark.parametrize("foreign", ["accept", "reject"])
def test_a_copier_is_counted(bootstrap: str, topic: str, workers: Workers, foreign: str) -> None:
    log = flood()
    produce(bootstrap, topic, log)
    directory = workers.directory / "state" / topic / "0"
    worker = workers.start(topic, foreign_ids=foreign)
    wait_for_offset(directory, len(log), worker, 40)
    check_metrics(worker)

    app = build_app(load_settings(state_dir=workers.directory / "state", topic=topic))
    app.state.refresher.look()
    answer = Client(app).get("/v1/providers").json()
    found = {one["provider"]: one for one in answer["providers"]}
    copier = found["copier"]
    # Its sessions under foreign ids equal nobody but the examples that they replace.
    assert (copier["arrivals"], copier["copies"], copier["foreign_ids"]) == (50, 30, 20)
    assert copier["examples"] == (50 if foreign == "accept" else 30)
    sellers = [one for name, one in found.items() if name != "copier"]
    assert sum(one["arrivals"] for one in sellers) == 200
    assert sum(one["copies"] + one["foreign_ids"] for one in sellers) == 0
    if foreign == "reject":
        letters = consume(bootstrap, f"{topic}.dlq", 20)
        classes = {dict(letter.headers)["hcdv-error-class"] for letter in letters}
        assert classes == {b"foreign_id"}

    # In single polls, and in a new state: the same bytes.
    worker.stop()
    other = workers.start(
        topic, state="other", group=f"other-{topic}", poll_records="7", foreign_ids=foreign
    )
    wait_for_offset(workers.directory / "other" / topic / "0", len(log), other, 60)
    other.stop()
    one, two = stored(directory), stored(workers.directory / "other" / topic / "0")
    assert one is not None
    assert two is not None
    assert one.state.providers == two.state.providers
    assert state_bytes(one) == state_bytes(two)


def check_metrics(worker: WorkerProcess) -> None:
    assert worker.metric("hcdv_provider_records_total", provider="copier") == 50
    assert worker.metric("hcdv_provider_copies_total", provider="copier") == 30
    assert worker.metric("hcdv_provider_foreign_ids_total", provider="copier") == 20
