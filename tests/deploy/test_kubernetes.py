"""The Kubernetes files: valid to their schemas, and everything that they name is there."""

import copy
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from typer.testing import CliRunner

from hcdv_stream.cli.main import app
from hcdv_stream.dashboards.exported import API, GATEWAY, WORKER
from hcdv_stream.settings import Settings, load_settings
from tests.deploy.compose import FOLDER
from tests.deploy.custom_resources import SCHEMAS
from tests.deploy.kubernetes import (
    BY_NAME,
    CONTAINERS,
    KUBERNETES,
    KUSTOMIZATION,
    PATHS,
    PODS,
    documents,
    environment,
    service,
)
from tests.deploy.service import Secret

VERSIONS = ("1.31", "1.37")
"""The oldest and the newest release whose schemas the files are held against."""
DOCUMENTS = [pytest.param(one, id="/".join(name)) for name, one in BY_NAME.items()]
USER = re.findall(r"^USER (\d+):", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)


def judge(document: dict[str, Any]) -> None:
    """Raise where a document does not fit its schema."""
    if schema := SCHEMAS.get(document["kind"]):
        jsonschema.validate(document, schema)
        return
    for version in VERSIONS:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_fit_their_schemas(document: dict[str, Any]) -> None:
    judge(document)
    wrong = copy.deepcopy(document)
    wrong["metadata"]["nmae"] = "x"
    with pytest.raises((jsonschema.ValidationError, kubernetes_validate.ValidationError)):
        judge(wrong)


def test_kustomization_names_what_is_there() -> None:
    resources = set(KUSTOMIZATION["resources"])
    assert resources == {path.name for path in PATHS if path.parent == KUBERNETES}
    images = {container["image"] for _, container in CONTAINERS.values()}
    assert {one["name"] for one in KUSTOMIZATION["images"]} == images


def test_the_bundles_dockerfile_puts_it_where_it_is_looked_for() -> None:
    dockerfile = KUBERNETES / "Dockerfile.bundle"
    linter = Path(sys.executable).parent / "hadolint"
    checked = subprocess.run([str(linter), str(dockerfile)], capture_output=True, check=False)
    assert checked.returncode == 0, (checked.stdout + checked.stderr).decode()
    (place,) = re.findall(r"^COPY \. (\S+)$", dockerfile.read_text(), re.MULTILINE)
    assert place == service("worker").environment["HCDV_BUNDLE"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_commands_and_settings_are_ours(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = service(name)
    known = CliRunner().invoke(app, [*one.command, "--help"])
    assert known.exit_code == 0, known.output
    for setting, value in one.environment.items():
        if setting.startswith("HCDV_"):
            assert setting.removeprefix("HCDV_").lower() in Settings.model_fields
            monkeypatch.setenv(setting, "secret" if isinstance(value, Secret) else value)
    load_settings()


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_can_do_little(name: str) -> None:
    pod, container = CONTAINERS[name]
    may = container["securityContext"]
    assert (may["allowPrivilegeEscalation"], may["readOnlyRootFilesystem"]) == (False, True)
    assert may["capabilities"] == {"drop": ["ALL"]}
    user = pod["securityContext"]
    assert (user["runAsNonRoot"], str(user["runAsUser"])) == (True, *USER)
    assert user["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert {"requests", "limits"} == container["resources"].keys()


@pytest.mark.parametrize("name", CONTAINERS)
def test_mounts_are_volumes_and_hold_what_settings_name(name: str) -> None:
    pod, container = CONTAINERS[name]
    claims = BY_NAME["StatefulSet", "hcdv-worker"]["spec"]["volumeClaimTemplates"]
    volumes = {one["name"] for one in pod["volumes"]}
    volumes |= {one["metadata"]["name"] for one in claims}
    assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
    settings, mounts = environment(container), service(name).mounts
    if "HCDV_API_KEYS" in settings:
        assert str(Path(str(settings["HCDV_API_KEYS"])).parent) in mounts
    if name in ("worker", "api"):
        assert settings["HCDV_STATE_DIR"] in mounts
        (state,) = (one for one in container["volumeMounts"] if one["mountPath"] == "/state")
        assert not state.get("readOnly")  # RocksDB writes beside what it reads


def test_worker_and_api_share_one_volume_and_one_user() -> None:
    (worker, _), (api, _) = CONTAINERS["worker"], CONTAINERS["api"]
    assert worker is api
    assert worker["securityContext"]["fsGroup"] == worker["securityContext"]["runAsGroup"]


def test_ports_are_those_that_are_listened_on() -> None:
    fields = Settings.model_fields
    listened = {name: fields[f"{name}_port"].default for name in ("metrics", "api", "gateway")}
    ports = {name: service(name).port for name in ("worker", "api", "gateway")}
    assert list(ports.values()) == list(listened.values())


@pytest.mark.parametrize("name", ["worker", "api", "gateway"])
def test_probes_leave_time_to_start_and_bear_a_slow_answer(name: str) -> None:
    container = CONTAINERS[name][1]
    start = container["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] >= 60
    live = container["livenessProbe"]
    assert (live["httpGet"]["path"], live["failureThreshold"]) == ("/livez", 3)
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def matched(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return selector.items() <= labels.items()


def test_services_budgets_and_sets_select_their_pods() -> None:
    pods = {name: pod["metadata"]["labels"] for name, pod in PODS.items()}
    for (kind, name), one in BY_NAME.items():
        if kind in ("Service", "PodDisruptionBudget", "StatefulSet", "Deployment"):
            selector = one["spec"]["selector"]
            selector = selector.get("matchLabels", selector)
            assert [pod for pod, labels in pods.items() if matched(selector, labels)] == [name]
        if kind == "Service":
            names = {
                port["name"]
                for container in PODS[name]["spec"]["containers"]
                for port in container["ports"]
            }
            assert {port["targetPort"] for port in one["spec"]["ports"]} <= names
    assert {name for kind, name in BY_NAME if kind == "PodDisruptionBudget"} == {
        "hcdv-worker",
        "hcdv-gateway",
    }


def test_monitors_scrape_every_service_under_the_names_that_alerts_know() -> None:
    jobs = {}
    for (kind, name), one in BY_NAME.items():
        if kind == "ServiceMonitor":
            (found,) = (
                service
                for (other, _), service in BY_NAME.items()
                if other == "Service"
                and matched(one["spec"]["selector"]["matchLabels"], service["metadata"]["labels"])
            )
            ports = {port["name"] for port in found["spec"]["ports"]}
            for endpoint in one["spec"]["endpoints"]:
                assert endpoint["port"] in ports
                job = endpoint["relabelings"][0]
                assert job["targetLabel"] == "job"
                jobs[job["replacement"]] = (name, endpoint)
    assert jobs.keys() == {WORKER, API, GATEWAY}
    assert "authorization" not in jobs[WORKER][1]
    assert all("authorization" in jobs[job][1] for job in (API, GATEWAY))


def test_the_gateway_asks_every_replica_by_its_name() -> None:
    workers = BY_NAME["StatefulSet", "hcdv-worker"]["spec"]
    (container,) = PODS["hcdv-gateway"]["spec"]["containers"]
    settings = environment(container)
    assert settings["HCDV_GATEWAY_SIDECARS"] == ",".join(
        f"http://hcdv-worker-{number}.{workers['serviceName']}:{service('api').port}"
        for number in range(workers["replicas"])
    )
    assert int(str(settings["HCDV_PARTITIONS"])) % workers["replicas"] == 0
    assert BY_NAME["Service", workers["serviceName"]]["spec"]["clusterIP"] == "None"


def test_kafka_is_where_it_is_looked_for_and_has_the_replicas() -> None:
    kafka, pool = documents(KUBERNETES / "strimzi" / "kafka.yaml")[::-1]
    name = kafka["metadata"]["name"]
    assert pool["metadata"]["labels"]["strimzi.io/cluster"] == name
    (listener,) = kafka["spec"]["kafka"]["listeners"]
    settings = service("worker").environment
    assert settings["HCDV_BOOTSTRAP"] == f"{name}-kafka-bootstrap:{listener['port']}"
    assert int(str(settings["HCDV_REPLICATION"])) <= pool["spec"]["replicas"]


@pytest.mark.parametrize("pod", PODS)
def test_the_names_of_services_do_not_become_settings(pod: str) -> None:
    """The service hcdv-gateway would set HCDV_GATEWAY_PORT to an address."""
    assert PODS[pod]["spec"]["enableServiceLinks"] is False
