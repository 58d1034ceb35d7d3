"""Settings: errors that say what to do, and a page that lists every one."""

import pytest

from hcdv_stream.settings import Settings, SettingsError, load_settings
from scripts.docs.configuration import settings_page
from tests.repository import ROOT

PAGE = ROOT / "docs" / "configuration.md"


def test_every_setting_is_described() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_page_is_up_to_date() -> None:
    expected = settings_page()
    assert PAGE.read_text() == expected, "run: python -m scripts.docs.configuration"


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HCDV_BRANCHING", "4,8")
    monkeypatch.setenv("HCDV_TAU", "0.35")
    settings = load_settings(topic="other", group=None)
    assert settings.branching == (4, 8)
    assert settings.engine(tau=0.9).tau == 0.35
    assert settings.dead_letter_topic == "other.dlq"
    assert settings.group == "hcdv-stream"


def test_tau_auto_is_the_bundles() -> None:
    assert load_settings().engine(tau=0.9).tau == 0.9


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HCDV_NEIGHBOURS", "0"),
        ("HCDV_NEIGHBOURS", "many"),
        ("HCDV_TAU", "3"),
        ("HCDV_BETA", "1.5"),
        ("HCDV_LAM", "-1"),
        ("HCDV_UTILITY", "profit"),
        ("HCDV_GAME", "chess"),
        ("HCDV_MERGE_BELOW", "40"),
        ("HCDV_API_PORT", "70000"),
        ("HCDV_BRANCHING", "4,x"),
        ("HCDV_UPDATE_SIZE", "9000"),
    ],
)
def test_errors_name_setting_and_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert name in str(caught.value)
    assert value in str(caught.value) or value.replace(",", ", ") in str(caught.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("PLAINTEXT://kafka:9092", "leave out PLAINTEXT:// and write kafka:9092"),
        ("a:1,SASL_SSL://kafka:9092", "SASL_SSL:// cannot be spoken here"),
        ("kafka", "'kafka' names no port: write HOST:PORT"),
        ("::1", "names no port"),
        ("kafka:", "is no port"),
        ("kafka:http", "'http' is no port"),
        ("kafka:99999", "'99999' is no port"),
        (" , ", "names no broker"),
    ],
)
def test_an_address_of_no_broker_says_how_to_write_it(value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"HCDV_BOOTSTRAP={value!r}: .*{words}") as caught:
        load_settings(bootstrap=value)
    assert "\n" not in str(caught.value)


def test_addresses_of_brokers_may_be_spaced_out() -> None:
    assert load_settings(bootstrap=" a:1 , [::1]:2,").bootstrap == "a:1,[::1]:2"


def test_a_name_in_small_letters_is_no_setting(monkeypatch):
    monkeypatch.setenv("HCDV_TOPIC", "orders")
    monkeypatch.setenv("hcdv_topic", "other")
    monkeypatch.setenv("hcdv_bundle", "other")
    assert load_settings().topic == "orders"
    assert load_settings().bundle == Settings().bundle


@pytest.mark.parametrize("name", ["erasure_seconds", "api_stale_seconds", "peer_horizon", "tau"])
@pytest.mark.parametrize("value", ["inf", "nan", "-inf"])
def test_a_number_without_an_end_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"HCDV_{name.upper()}", value)
    with pytest.raises(SettingsError, match=f"HCDV_{name.upper()}='{value}': "):
        load_settings()
