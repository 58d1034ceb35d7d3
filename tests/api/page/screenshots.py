"""Take the pictures of the page in ``docs/``: 15,000 simulated sessions, and more coming in.

Run it as ``python -m tests.api.page.screenshots docs`` from the repository.
"""

import base64
import sys
import tempfile
import threading
import time
from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from hcdv_stream.experiments.common.feed import trained_bundle
from hcdv_stream.experiments.latency.worker_path import WorkerPath
from tests.api.page.browser import browser
from tests.processes.service_process import serving

SESSIONS, STEP = 13_800, 150
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


def take(driver: Chrome, path: Path, height: int | None = None) -> None:
    """Save the whole page, or its upper part."""
    whole = driver.execute_script("return document.documentElement.scrollHeight")
    width = driver.execute_script("return document.documentElement.clientWidth")
    clip = {"x": 0, "y": 0, "width": width, "height": height or whole, "scale": 1}
    shot = driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    path.write_bytes(base64.b64decode(shot["data"]))


def pictures(address: str, directory: Path) -> None:
    """Open the page as on a desktop, by night, and on a phone."""
    with browser(1320, 1000) as driver:
        driver.get(address)
        time.sleep(10)  # so that some updates are seen
        take(driver, directory / "page-desktop.png")
        driver.find_element(By.CSS_SELECTOR, "#bottom-rows button").click()
        time.sleep(2)
        driver.save_screenshot(str(directory / "page-why.png"))
        driver.find_element(By.CSS_SELECTOR, "#why .close").click()
        driver.find_element(By.CSS_SELECTOR, "[data-theme-choice=dark]").click()
        time.sleep(2)
        take(driver, directory / "page-dark.png")
        driver.find_element(By.CSS_SELECTOR, "[data-theme-choice=auto]").click()
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
        driver.get(address)
        time.sleep(4)
        take(driver, directory / "page-phone.png", 1900)


def main(directory: Path) -> None:
    """Stream into a state of its own while the pictures are taken."""
    stop = threading.Event()
    with (
        tempfile.TemporaryDirectory(prefix="hcdv-page-") as state,
        WorkerPath(Path(state), trained_bundle(0), 0) as lane,
    ):
        lane.fill(SESSIONS)

        def stream() -> None:
            while not stop.wait(0.9):
                lane.step(STEP)

        with serving("api", state_dir=state) as (_, address):
            thread = threading.Thread(target=stream)
            thread.start()
            try:
                pictures(address, directory)
            finally:
                stop.set()
                thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
