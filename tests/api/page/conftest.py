"""A real API process beside a real engine that writes while the page is open."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome

from tests.api.page.browser import browser
from tests.api.world import Owner
from tests.processes.service_process import serving


class Stream:
    """Partitions that take in some examples every 300 ms, while ``running``."""

    def __init__(self, state_dir: Path) -> None:
        self.owners = [Owner(state_dir, 0), Owner(state_dir, 1)]
        for owner in self.owners:
            owner.apply(owner.batch(400), time.time())

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self._write, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _write(self, stop: threading.Event) -> None:
        while not stop.wait(0.3):
            for owner in self.owners:
                owner.apply(owner.batch(15, prefix=f"t{owner.offset}-"), time.time())

    def close(self) -> None:
        for owner in self.owners:
            owner.store.close()


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def stream(state_dir: Path) -> Iterator[Stream]:
    stream = Stream(state_dir)
    yield stream
    stream.close()


@pytest.fixture(scope="module")
def address(state_dir: Path, stream: Stream) -> Iterator[str]:
    with serving("api", state_dir=state_dir) as (_, address):
        yield address


@pytest.fixture(scope="module")
def api(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chrome]:
    with browser(1280, 900) as driver:
        yield driver
