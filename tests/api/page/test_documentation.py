"""The API's documentation in a browser: drawn from this origin alone, and its examples answer."""

import pytest
from selenium.webdriver.support.wait import WebDriverWait

from hcdv_stream.api.middleware.api_keys import Scope, new_key
from tests.api.page.browser import requested
from tests.api.world import Owner, app_of
from tests.processes.service_process import serving

pytestmark = pytest.mark.browser


class Documentation:
    """What Swagger UI has drawn."""

    def __init__(self, driver, address):
        self.driver = driver
        driver.get_log("browser")
        requested(driver)
        driver.get(f"{address}/docs")
        self.until("return document.querySelectorAll('.opblock').length")

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def click(self, selector):
        one = f"document.querySelector({selector!r})"
        self.until(f"return {one} !== null")
        self.driver.execute_script(f"{one}.click()")

    def until(self, script):
        waiting = WebDriverWait(self.driver, 240, 0.05)
        return waiting.until(lambda driver: driver.execute_script(script))


@pytest.fixture
def state_dir(tmp_path):
    owner = Owner(tmp_path, 0)
    owner.apply(owner.batch(80))
    owner.store.close()
    return tmp_path


def test_every_operation_is_shown_and_nothing_comes_from_elsewhere(chromium, state_dir):
    with serving("api", state_dir=state_dir) as (_, address):
        page = Documentation(chromium, address)
        paths = app_of(state_dir).openapi()["paths"]
        assert len(page.all(".opblock")) == sum(len(methods) for methods in paths.values())
        page.click("#operations-totals-read_summary_v1_summary_get .opblock-summary-control")
        page.click(".try-out__btn")
        page.click(".execute")
        page.until("return document.querySelector('.live-responses-table .microlight') !== null")
        assert page.all(".live-responses-table .response-col_status")[1].text.startswith("200")
        assert [entry["message"] for entry in chromium.get_log("browser")] == []
        urls = requested(chromium)
    assert any(url.startswith(f"{address}/v1/summary") for url in urls)
    assert [url for url in urls if not url.startswith((f"{address}/", "data:", "blob:"))] == []


def test_it_asks_with_the_key_of_the_tab(chromium, state_dir):
    secret, key = new_key("page", [Scope.READ])
    (state_dir / "keys").write_text(key.line)
    with serving("api", state_dir=state_dir, api_keys=str(state_dir / "keys")) as (_, address):
        chromium.get(f"{address}/page/icon.svg")
        chromium.execute_script("sessionStorage.setItem('hcdv-key', arguments[0])", secret)
        page = Documentation(chromium, address)
        page.until("return document.querySelector('.authorize.locked') !== null")
        chromium.execute_script("sessionStorage.clear()")
        page = Documentation(chromium, address)
        assert page.all(".authorize.unlocked")
