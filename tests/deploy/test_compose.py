"""The compose file and what it mounts: valid, and everything that it names is there."""

import re
import subprocess
from pathlib import Path

import pytest
from compose_spec import PyCompose
from typer.testing import CliRunner

from hcdv_stream.cli.main import app
from hcdv_stream.dashboards.files import BOARDS, GRAFANA, HOME, PROMETHEUS
from hcdv_stream.settings import Settings, load_settings
from tests.deploy.compose import (
    COMPOSE_JSON,
    FOLDER,
    OURS,
    SERVICES,
    environment,
    mounts,
    prometheus_configuration,
    provisioned,
)
from tests.deploy.programs import program


def option(service: str, name: str) -> str:
    """The value that a service's command gives an option."""
    words = [part for word in SERVICES[service]["command"] for part in word.split("=", 1)]
    return str(words[words.index(name) + 1])


def sources(service: str) -> dict[str, str]:
    """What a service sees at which path."""
    return {target: source for source, target in mounts(service)}


def test_it_is_a_compose_file() -> None:
    PyCompose.from_json(COMPOSE_JSON).validate()
    with pytest.raises(ValueError, match="restrat"):
        PyCompose.from_json(COMPOSE_JSON.replace('"restart"', '"restrat"'))


@pytest.mark.parametrize("service", OURS)
def test_commands_are_ours(service: str) -> None:
    command = OURS[service]["command"]
    known = CliRunner().invoke(app, [*command, "--help"])
    assert known.exit_code == 0, known.output
    assert CliRunner().invoke(app, [*command, "--no-such-option", "--help"]).exit_code == 2


@pytest.mark.parametrize("service", OURS)
def test_settings_are_ours(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(service).items():
        assert name.removeprefix("HCDV_").lower() in Settings.model_fields
        monkeypatch.setenv(name, value)
    load_settings()


def test_only_loopback_is_published() -> None:
    ports = [port for one in SERVICES.values() for port in one.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("service", OURS)
def test_containers_can_do_little(service: str) -> None:
    one = OURS[service]
    assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
    assert "no-new-privileges:true" in one["security_opt"]
    assert one["ulimits"]["nofile"]["hard"] >= 65536


@pytest.mark.parametrize("service", SERVICES)
def test_mounted_files_exist(service: str) -> None:
    for source, _ in mounts(service):
        assert not source.startswith(".") or (FOLDER / source).exists(), source


@pytest.mark.parametrize("number", ["", "-2"])
def test_worker_and_api_share_the_state_and_the_worker_finds_the_bundle(number: str) -> None:
    worker, api = f"worker{number}", f"api{number}"
    places = environment(worker)
    state = f"state{number}"
    assert sources(worker)[places["HCDV_STATE_DIR"]] == sources(api)["/state"] == state
    assert option("bundle", "--bundle") == places["HCDV_BUNDLE"]
    assert option("bundle", "--input") == option("history", "--out")
    assert {sources(one)["/bundles"] for one in (worker, "bundle", "history")} == {"bundles"}


def test_ports_are_those_that_are_listened_on() -> None:
    fields = Settings.model_fields
    worker, api, gateway = (
        fields[name].default for name in ("metrics_port", "api_port", "gateway_port")
    )
    ports = {"worker": worker, "worker-2": worker, "api": api, "api-2": api, "gateway": gateway}
    for service, port in ports.items():
        (url,) = re.findall(
            r"http://127\.0\.0\.1:(\d+)/livez", str(SERVICES[service]["healthcheck"])
        )
        assert int(url) == port
    for service in ("api", "gateway"):
        assert SERVICES[service]["ports"] == [f"127.0.0.1:{ports[service]}:{ports[service]}"]
    assert not SERVICES["api-2"]["ports"]
    scraped = {
        name: discovery["port"]
        for job in prometheus_configuration()["scrape_configs"]
        for discovery in job["dns_sd_configs"]
        for name in discovery["names"]
    }
    assert scraped == ports
    asked = environment("gateway")["HCDV_GATEWAY_SIDECARS"]
    assert asked == f"http://api:{api},http://api-2:{api}"
    assert environment("gateway")["HCDV_GATEWAY_HOST"] == "0.0.0.0"


def test_a_plain_start_has_one_worker_and_one_api() -> None:
    started = [name for name, one in OURS.items() if "profiles" not in one]
    assert started == ["topics", "worker", "api"]
    besides = [name for name, one in OURS.items() if one.get("profiles") == ["gateway"]]
    assert besides == ["worker-2", "api-2", "gateway"]


def test_prometheus_takes_its_configuration_with_our_rules(tmp_path: Path) -> None:
    seen = sources("prometheus")
    folder = tmp_path / "etc"
    folder.mkdir()
    for target in ("prometheus.yml", "rules"):
        (folder / target).symlink_to((FOLDER / seen[f"/etc/prometheus/{target}"]).resolve())
    checked = subprocess.run(
        [program("promtool"), "check", "config", str(folder / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    files = sorted(path.name for path in PROMETHEUS.glob("*.yml"))
    assert f"{len(files)} rule files found" in checked.stdout
    assert (folder / "rules").samefile(PROMETHEUS)


def test_grafana_reads_our_prometheus_and_our_boards() -> None:
    (source,) = provisioned("datasources", "prometheus")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    interval = prometheus_configuration()["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == interval
    (provider,) = provisioned("dashboards", "hcdv-stream")["providers"]
    place = provider["options"]["path"]
    assert (FOLDER / sources("grafana")[place]).samefile(GRAFANA)
    assert {path.name for path in GRAFANA.iterdir()} == {board.file for board in BOARDS}
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{place}/{HOME.file}"
