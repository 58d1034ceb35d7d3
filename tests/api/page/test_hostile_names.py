"""Ids and providers are whatever producers send: the page shows them and does nothing else."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from hcdv_stream.valuation.batch import Batch
from tests.api.world import Owner
from tests.processes.service_process import serving

NAMES = {
    "<img src=x onerror='window.found = 1'>": "<img src=x onerror='window.found = 1'>",
    "\u202eevil": "\\u{202e}evil",
    "a\nb": "a\\u{a}b",
    "..": "..",
    "x" * 3000: "x" * 3000,
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hostile")
    owner = Owner(directory, 0)
    batch, names = owner.batch(40), list(NAMES)
    ids, providers = [*names, *batch.ids[len(names) :]], [*names, *batch.providers[len(names) :]]
    owner.apply(Batch(ids, batch.labels, providers, batch.timestamps, batch.embeddings))
    owner.store.close()
    with serving("api", state_dir=directory) as (_, address):
        yield address


def test_names_are_shown_as_they_are_and_do_nothing(chromium, address):
    chromium.get(address)

    def until(script, *arguments):
        told = WebDriverWait(chromium, 240, 0.05)
        return told.until(lambda driver: driver.execute_script(script, *arguments))

    until("return document.getElementById('providers-rows').rows.length >= arguments[0]", 4)
    cells = chromium.find_elements(By.CSS_SELECTOR, "#providers-rows td:first-child")
    listed = {cell.get_attribute("textContent") for cell in cells}
    assert set(NAMES.values()) <= listed
    for name, shown in NAMES.items():
        chromium.execute_script(
            "document.querySelector('#why').close();"
            "const field = document.getElementById('find-id');"
            "field.value = arguments[0]; field.form.requestSubmit();",
            name.replace("\n", ""),  # which a field cannot hold
        )
        if "\n" not in name:
            until(
                "return document.getElementById('why-title')?.textContent === arguments[0]", shown
            )
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert chromium.execute_script(wide) <= 0
    assert chromium.execute_script("return window.found ?? null") is None
