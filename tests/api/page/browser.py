"""A headless Chromium of the system's, with an empty profile, that tells what it asked for."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def program(name: str, package: str) -> str:
    """Return where a program is; without it there is nothing to test with."""
    path = shutil.which(name)
    assert path, f"{name} is missing: install Debian's package {package}"
    return path


@contextmanager
def browser(width: int, height: int) -> Iterator[Chrome]:
    """Run a browser whose window has that size."""
    options = ChromeOptions()
    options.binary_location = program("chromium", "chromium")
    service = Service(program("chromedriver", "chromium-driver"))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(
        prefix="hcdv-chromium-", ignore_cleanup_errors=True
    ) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        driver = Chrome(options, service)
        try:
            yield driver
        finally:
            driver.quit()


def requested(driver: Chrome) -> list[str]:
    """Return the addresses that the page asked for since the last time.

    What a page of another test, shown before, still asked for does not count.
    """
    here = urlsplit(driver.current_url).netloc
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
        and urlsplit(message["params"].get("documentURL", "")).netloc in {here, ""}
    ]
