"""What the page says when there is nothing to show, no key, or no API any more."""

import time

import pytest
from selenium.webdriver.common.keys import Keys

from hcdv_stream.api.middleware.api_keys import Scope, new_key
from hcdv_stream.state import LogIdentity
from hcdv_stream.state.heartbeat import LogEnd
from tests.api.page.test_page import Page, number
from tests.api.world import LOG, Owner, diverging_owner
from tests.processes.service_process import serving

pytestmark = pytest.mark.browser


def test_it_waits_for_the_first_update_and_outlives_the_api(chromium, tmp_path):
    with serving("api", state_dir=tmp_path) as (process, address):
        page = Page(chromium, address)
        chromium.get(address)
        page.until(lambda: page.text("#notice-title") == "No state to answer from")
        assert "HCDV_STATE_DIR" in page.text("#notice-detail")
        assert page.text("#badge-state") == "Waiting for updates"
        assert not page.one(".figures").is_displayed()
        owner = Owner(tmp_path, 0)
        owner.apply(owner.batch(80), time.time())
        page.until(lambda: number(page.text("#figure-examples")) == 80)
        page.until(lambda: page.text("#badge-state") == "Live")
        assert not page.one("#notice").is_displayed()
        process.kill()
        page.until(lambda: page.text("#badge-state") == "Connection lost")
        assert number(page.text("#figure-examples")) == 80, "the last that came is still shown"
        assert "trying again" in page.text("#announce")
    owner.store.close()
    chromium.get_log("browser")


def test_it_says_when_nobody_knows_how_current_it_is(chromium, tmp_path):
    owner = Owner(tmp_path, 0)
    owner.apply(owner.batch(80), time.time() - 120)
    other = Owner(tmp_path, 1)
    other.apply(other.batch(40), time.time() - 120)
    with serving("api", state_dir=tmp_path, api_stale_seconds="6") as (_, address):
        page = Page(chromium, address)

        def shown_while_they_beat() -> tuple[str, str]:
            for each in (owner, other):
                each.beat(checked=LogEnd(time.time(), each.offset))
            return page.text("#badge-state"), page.text("#badge-lag")

        chromium.get(address)
        page.until(lambda: shown_while_they_beat() == ("Quiet", "0 waiting"))
        # The owners fall silent: first nobody knows what waits, then they count as stale.
        page.until(lambda: page.text("#badge-state") == "Unconfirmed")
        assert page.text("#badge-lag").startswith("unknown how many wait, up to date ")
        page.until(lambda: page.text("#badge-state") == "Stale")
        assert page.text("#badge-lag").endswith("ago, partitions 0, 1 stale")
        assert "see that both run" in page.text("#announce")
        # One comes back, and has taken over from a worker elsewhere what the other had.
        other.beat(released_at=time.time(), moved=True)

        def shown_while_one_beats() -> tuple[str, str]:
            owner.beat(checked=LogEnd(time.time(), 85))
            return page.text("#badge-state"), page.text("#badge-lag")[:21]

        page.until(lambda: shown_while_one_beats() == ("Behind", "5 waiting, up to date"))
        page.until(lambda: number(page.text("#figure-examples")) == 80)
        assert "another worker has it: partition 1 since" in page.text("#foot-view")
        assert page.text("#figure-tree").endswith(", without partition 1")
    owner.store.close()
    other.store.close()
    chromium.get_log("browser")


def test_it_asks_for_a_key_where_one_is_needed(chromium, tmp_path):
    owner = Owner(tmp_path, 0)
    owner.apply(owner.batch(80), time.time() - 120)
    owner.store.close()
    secret, key = new_key("page", [Scope.READ])
    file = tmp_path / "keys"
    file.write_text(key.line)
    with serving("api", state_dir=tmp_path, api_keys=str(file), api_stale_seconds="1000") as (
        _,
        address,
    ):
        page = Page(chromium, address)
        chromium.get(address)
        page.until(lambda: page.one("#key").is_displayed())
        assert page.focused().get_attribute("id") == "key-secret"
        page.focused().send_keys("a wrong one", Keys.ENTER)
        page.until(lambda: "not accepted" in page.text("#key-detail"))
        page.until(lambda: page.one("#key").is_displayed())
        page.one("#key-secret").clear()
        page.one("#key-secret").send_keys(secret, Keys.ENTER)
        page.until(lambda: number(page.text("#figure-examples")) == 80)
        assert not page.one("#key").is_displayed()
        # Written two minutes ago, and records have waited since: somebody should look.
        page.until(lambda: page.text("#badge-state") == "Behind")
        assert page.text("#badge-lag").startswith("3 waiting, up to date ")
        assert "see that the worker runs" in page.text("#announce")
    chromium.get_log("browser")


def test_a_truncated_corpus_is_told_and_a_whole_one_is_not(chromium, tmp_path):
    for name, log in (("whole", LOG), ("cut", LogIdentity("id", 4, 1200, complete=False))):
        owner = Owner(tmp_path / name, 0, log=log)
        owner.apply(owner.batch(80), time.time())
        owner.store.close()
        with serving("api", state_dir=tmp_path / name) as (_, address):
            page = Page(chromium, address)
            chromium.get(address)
            page.until(lambda page=page: number(page.text("#figure-examples")) == 80)
            assert page.one("#truncated").is_displayed() == (name == "cut")
            if name == "cut":
                assert "partition 0 at offset 1,200" in page.text("#truncated")
                assert page.one("#truncated").get_attribute("role") == "alert"
    chromium.get_log("browser")


def test_recent_sessions_that_diverge_from_v_are_told(chromium, tmp_path):
    diverging_owner(tmp_path).store.close()
    with serving("api", state_dir=tmp_path) as (_, address):
        page = Page(chromium, address)
        chromium.get(address)
        page.until(lambda: page.one("#diverging").is_displayed())
        told = page.text("#diverging")
        assert "all sessions in partition 0" in told
        assert "provider seller-0" in told
        assert page.one("#diverging").get_attribute("role") == "alert"
        assert not page.one("#truncated").is_displayed()
    chromium.get_log("browser")
