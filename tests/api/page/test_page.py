"""The live page in a browser, on a real API beside a real engine that goes on writing."""

import math

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.api.page.browser import requested

pytestmark = pytest.mark.browser
CSS = By.CSS_SELECTOR


class Page:
    """The page as a user sees it."""

    def __init__(self, driver, address):
        self.driver = driver
        self.address = address

    def open(self, query=""):
        self.driver.get(f"{self.address}/{query}")
        self.until(lambda: self.one("main").get_attribute("data-view"))
        return self

    def one(self, selector):
        return self.driver.find_element(CSS, selector)

    def all(self, selector):
        return self.driver.find_elements(CSS, selector)

    def text(self, selector):
        # In one step: an element may be replaced while it is being read.
        return self.run("return document.querySelector(arguments[0])?.textContent", selector)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, condition, seconds=240):
        return WebDriverWait(self.driver, seconds, 0.05).until(lambda _: condition())

    def update(self):
        return number(self.text("#badge-update"))

    def choose(self, control, value):
        self.run(
            "const [id, value] = arguments; const control = document.getElementById(id);"
            "control.value = value;"
            "control.dispatchEvent(new Event('input', {bubbles: true}));",
            control,
            value,
        )

    def answers_with(self, api, path, **asked):
        """What the API says of the state that the page shows now."""
        view = self.one("main").get_attribute("data-view")
        answer = api.get(f"/v1/{path}", params={**asked, "at": view})
        return answer.json() if answer.status_code == 200 else None

    def focused(self):
        return self.driver.switch_to.active_element

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()


def number(text):
    return int("".join(letter for letter in text or "" if letter.isdigit()) or -1)


@pytest.fixture
def page(chromium, address):
    """The page, opened; in the end nothing was wrong and nothing went elsewhere."""
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.get_log("browser")
    requested(chromium)
    page = Page(chromium, address).open()
    yield page
    assert [entry["message"] for entry in chromium.get_log("browser")] == []
    urls = requested(chromium)
    assert any(url.endswith("plotly.min.js") for url in urls)
    assert [url for url in urls if not url.startswith((f"{address}/", "data:", "blob:"))] == []


def test_it_follows_the_stream_without_a_jump(page, stream, api):
    places = (
        "return [...document.querySelectorAll('main > *, .card, .chart, footer')]"
        ".filter((one) => one.offsetParent).map((one) => "
        "[one.offsetTop, one.offsetLeft, one.offsetWidth, one.offsetHeight].join())"
    )
    before = page.update()
    with stream.running():
        # Before, a warning beside the badge may take a line more.
        page.until(lambda: page.one("#badge").get_attribute("data-state") == "live")
        page.until(lambda: page.update() > before)
        size, examples = page.run(places), number(page.text("#figure-examples"))
        page.until(lambda: number(page.text("#figure-examples")) > examples + 50)
        assert page.one("#badge").get_attribute("data-state") == "live"
        assert page.text("#badge-state") == "Live"
        assert page.run(places) == size
    last = api.get("/v1/summary").json()
    page.until(lambda: page.one("main").get_attribute("data-view") == last["as_of"]["view"])
    assert page.update() == last["as_of"]["update"]
    assert number(page.text("#figure-examples")) == last["examples"]
    assert number(page.text("#figure-leaves")) == last["leaves"]
    drawn = page.run("return document.getElementById('tree').data[0].ids.length")
    assert drawn == last["leaves"] + last["nodes"] + 1  # and all examples in the middle
    assert page.run("return document.getElementById('latency').data[0].x.length") > 2


def test_what_it_shows_is_what_the_api_says(page, api):
    top = page.answers_with(api, "examples", limit=8)["examples"]
    bottom = page.answers_with(api, "examples", limit=8, order="asc")["examples"]
    for rows, examples in (("#top-rows", top), ("#bottom-rows", bottom)):
        names = [one.text for one in page.all(f"{rows} button")]
        assert names == [example["id"] for example in examples]
    providers = page.answers_with(api, "providers")["providers"]
    shown = [one.text for one in page.all("#providers-rows td:first-child")]
    assert shown == [one["provider"] or "no provider" for one in providers]
    doubts = [one.text for one in page.all("#providers-rows td:last-child")]
    assert doubts == [f"{100 * one['mean_doubt']:.1f} %" for one in providers]
    spread = page.run("return document.getElementById('spread').data.map((one) => one.name)")
    assert spread == ["bounce", "buy", "return"]


def test_wrong_labels_are_listed_with_a_reason(page, api):
    answer = page.answers_with(api, "suspects", limit=8)
    rows = [
        [cell.text for cell in row.find_elements(CSS, "td")]
        for row in page.all("#suspects-rows tr")
    ]
    assert rows == [
        [
            one["id"],
            one["label"],
            one["suggested"],
            one["provider"] or "no provider",
            f"{100 * one['doubt']:.1f} %",
            f"{one['why'][0].upper()}{one['why'][1:]}.",
        ]
        for one in answer["suspects"]
    ]
    said = page.text("#suspects-said")
    assert said.startswith(f"{answer['total']:,} of {answer['doubted']:,} labels are more likely")
    page.one("#suspects-rows button").click()
    page.until(lambda: "doubt of its label" in (page.text("#why-body") or ""))
    assert f"it is rather “{answer['suspects'][0]['suggested']}”" in page.text("#why-body")
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.one("#why").is_displayed())


def test_switches_weigh_again_at_once(page, api):
    usual = page.text("#figure-value")
    chosen = {"utility": "class:buy", "beta": "0.2", "lambda": "0.4"}
    for control, value in chosen.items():
        page.choose(control, value)
    expected = page.answers_with(api, "summary", **chosen)["value"]
    page.until(lambda: page.text("#figure-value") == f"{expected:.3f}", 3)
    assert page.text("#figure-value") != usual
    assert (page.text("#beta-shown"), page.text("#lambda-shown")) == ("0.20", "0.40")
    first = page.answers_with(api, "examples", limit=1, **chosen)["examples"][0]["id"]
    page.until(lambda: page.text("#top-rows button") == first)
    # The choice is in the address, so it can be sent to somebody.
    query = page.run("return location.search")
    page.open(query)
    assert page.text("#figure-value") == f"{expected:.3f}"
    assert page.one("#utility").get_attribute("value") == "class:buy"
    page.one("#weights-reset").click()
    page.until(lambda: page.text("#figure-value") == usual)
    assert page.run("return location.search") == ""


def test_an_example_says_why(page, api):
    name = page.text("#bottom-rows button")
    page.one("#bottom-rows button").click()
    page.until(lambda: page.all("#why-path li"))
    why = page.answers_with(api, f"why/{name}")
    parts = [float(one.get_attribute("data-part")) for one in page.all("#why-parts [data-part]")]
    assert parts == [*(one["value"] for one in why["evaluated"]), why["contrast"]]
    assert math.fsum(parts) == pytest.approx(why["example"]["value"])
    assert f"rank {why['example']['rank']:,} of" in page.text("#why-body")
    assert "“" + why["example"]["label"] + "”" in page.text("#why .verdict")
    mates = [one.text for one in page.all("#why-mates button")]
    assert mates == [mate["id"] for mate in why["mates"][:10]]
    assert [one.text for one in page.all("#why-path button")][-1].startswith("Leaf ")
    page.one("#why-mates button").click()
    page.until(lambda: page.text("#why-title") == mates[0])
    page.until(lambda: page.all("#why-path li"))
    leaf = page.all("#why-path button")[-1]
    title = leaf.text
    leaf.click()
    page.until(lambda: page.text("#crumbs li:last-child") == title)
    assert not page.one("#why").is_displayed()
    page.until(lambda: page.text("[data-where]") == f"in {title}")
    assert number(page.text("#top-rows tr:first-child .rank")) > 0


def test_an_example_that_is_not_there(page):
    page.one("#find-id").send_keys("no such example", Keys.ENTER)
    page.until(lambda: "There is no example “no such example”" in page.text("#why-body"))
    page.press(Keys.ESCAPE)
    # Chromium logs every answer that is an error; this one was asked for.
    (entry,) = page.driver.get_log("browser")
    assert "404" in entry["message"]


def test_the_tree_is_zoomed_by_mouse_and_by_list(page):
    middle = page.one("#tree .slice:first-child path")
    group = page.run("return document.getElementById('tree').data[0].ids[1]")
    slices = page.all("#tree .slice")
    assert len(slices) > 20
    slices[1].click()
    page.until(lambda: page.text("#crumbs li:last-child") != "All examples")
    first = page.run("return document.getElementById('tree').data[0].ids[0]")
    page.until(lambda: page.run("return document.getElementById('tree').data[0].ids[0]") == group)
    assert first.startswith("p")
    assert middle
    page.one("#tree-list summary").click()
    name = page.text("#tree-rows button")
    page.run("document.querySelector('#tree-rows button').click()")
    page.until(lambda: page.text("#crumbs li:last-child") == name)
    page.run("document.querySelector('#crumbs button').click()")
    page.until(lambda: page.text("#crumbs") == "All examples")


def test_it_can_be_used_from_the_keyboard(page, api):
    page.press(Keys.TAB)
    assert page.focused().text == "Skip to the values"
    reached = []
    for _ in range(40):
        page.press(Keys.TAB)
        element = page.focused()
        if element.tag_name == "body":
            break
        reached.append(element.get_attribute("id") or element.accessible_name)
        assert element.accessible_name, element.get_attribute("outerHTML")
    expected = ["Auto", "Light", "Dark", "utility", "beta", "lambda"]
    assert [name for name in reached if name in expected] == expected
    assert "find-id" in reached
    assert "more" in reached
    page.run("document.getElementById('lambda').focus()")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    page.until(lambda: page.text("#lambda-shown") == "0.07")
    value = page.answers_with(api, "summary", **{"lambda": "0.07"})["value"]
    page.until(lambda: page.text("#figure-value") == f"{value:.3f}")
    page.run("document.querySelector('#bottom-rows button').focus()")
    name = page.focused().text
    page.press(Keys.ENTER)
    page.until(lambda: page.all("#why-path li"))
    assert page.one("#why").is_displayed()
    for _ in range(4):
        page.press(Keys.TAB)
        assert page.run("return document.getElementById('why').contains(document.activeElement)")
    page.press(Keys.ESCAPE)
    assert not page.one("#why").is_displayed()
    assert page.focused().text == name


def test_everything_has_a_name(page):
    for element in page.all("button, input, select, [role=img], nav, dialog[open], table"):
        if element.is_displayed():
            assert element.accessible_name, element.get_attribute("outerHTML")[:200]
    said = page.text("#tree-said")
    assert said.startswith("All examples:")
    assert "coalitions shown" in said
    assert page.one("[role=status]").get_attribute("aria-live") == "polite"


def test_a_phone_needs_no_sideways_scroll(page):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.open()
    widest = "return Math.max(...[...document.querySelectorAll('body *')].filter((one) => "
    widest += "one.checkVisibility() && !one.closest('.unseen, .skip, svg'))"
    widest += ".map((one) => one.getBoundingClientRect().right))"
    assert page.run("return document.documentElement.scrollWidth") == 390
    assert page.run(widest) <= 390
    small = "return [...document.querySelectorAll('button, select, input')].filter((one) => "
    small += "one.checkVisibility() && one.getBoundingClientRect().height < 24).length"
    assert page.run(small) == 0
    page.run("document.querySelector('#bottom-rows button').click()")
    page.until(lambda: page.all("#why-path li"))
    assert page.run("const one = document.getElementById('why');"
                    "return one.scrollWidth <= one.clientWidth")  # fmt: skip
    assert page.run("return document.documentElement.scrollWidth") == 390


def test_colours_follow_the_system_or_the_switch(page):
    ground = "return getComputedStyle(document.documentElement).backgroundColor"
    light = page.run(ground)
    features = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    try:
        page.until(lambda: page.run(ground) != light)
        page.one("[data-theme-choice=light]").click()
        assert page.run(ground) == light
        assert page.one("[data-theme-choice=light]").get_attribute("aria-pressed") == "true"
        page.one("[data-theme-choice=auto]").click()
        assert page.run(ground) != light
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
