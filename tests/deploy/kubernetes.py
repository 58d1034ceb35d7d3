"""The Kubernetes files: documents by kind and name, and the services that their containers are."""

from pathlib import Path
from typing import Any

import yaml

from tests.deploy.compose import FOLDER, image_environment
from tests.deploy.service import Secret, Service

KUBERNETES = FOLDER / "kubernetes"
PATHS = sorted(path for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml")
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


BY_NAME: dict[tuple[str, str], dict[str, Any]] = {
    (one["kind"], one["metadata"]["name"]): one for path in PATHS for one in documents(path)
}
PODS: dict[str, dict[str, Any]] = {
    name: one["spec"]["template"]
    for (kind, name), one in BY_NAME.items()
    if kind in ("StatefulSet", "Deployment", "Job")
}
"""Templates of pods by the name of who makes them."""
CONTAINERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    container["name"]: (pod["spec"], container)
    for pod in PODS.values()
    for container in pod["spec"]["containers"]
}
"""Pod and container by the container's name."""


def environment(container: dict[str, Any]) -> dict[str, str | Secret]:
    """The settings that a container runs with: the image's, the map's, its own."""
    settings: dict[str, str | Secret] = {**image_environment()}
    for source in container.get("envFrom", []):
        settings |= BY_NAME["ConfigMap", source["configMapRef"]["name"]]["data"]
    for one in container.get("env", []):
        if "valueFrom" in one:
            reference = one["valueFrom"]["secretKeyRef"]
            settings[one["name"]] = Secret(f"{reference['name']}/{reference['key']}")
        else:
            settings[one["name"]] = one["value"]
    return settings


def service(name: str) -> Service:
    """A container as a service."""
    pod, container = CONTAINERS[name]
    ports = {one["name"]: one["containerPort"] for one in container.get("ports", [])}
    probes = [
        container[f"{kind}Probe"]["httpGet"]
        for kind in ("startup", "liveness", "readiness")
        if f"{kind}Probe" in container
    ]
    (port,) = {ports[probe["port"]] for probe in probes} or {0}
    return Service(
        container["args"],
        environment(container),
        [probe["path"] for probe in probes],
        port,
        [mount["mountPath"] for mount in container["volumeMounts"]],
        float(pod.get("terminationGracePeriodSeconds", 30)),
    )
