"""The compose file as Docker reads it: merged, and with the defaults of its variables."""

import json
import re
from typing import Any

import yaml

from tests.deploy.service import Service
from tests.repository import ROOT

FOLDER = ROOT / "deploy"
_VARIABLE = re.compile(r"\$\{\w+:-([^}]*)\}")

COMPOSE: dict[str, Any] = yaml.safe_load(
    _VARIABLE.sub(r"\1", (FOLDER / "compose.yaml").read_text())
)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "hcdv-stream"}
"""The services that run our image."""
COMPOSE_JSON = json.dumps(COMPOSE)


def image_environment() -> dict[str, str]:
    """The settings that the Dockerfile gives every service of ours."""
    return dict(re.findall(r"\b(HCDV_\w+)=(\S+)", (FOLDER / "Dockerfile").read_text()))


def environment(service: str) -> dict[str, str]:
    """The settings that one of our services runs with."""
    return image_environment() | SERVICES[service].get("environment", {})


def service(name: str) -> Service:
    """One of our services; its health check is a program that asks for one of the paths."""
    one = SERVICES[name]
    probe = one.get("healthcheck", {"test": [""]})["test"][-1]
    asked = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", probe)
    sources = {target: source for source, target in mounts(name)}
    return Service(
        one["command"],
        environment(name),
        [path for _, path in asked],
        int(asked[0][0]) if asked else 0,
        [target for _, target in mounts(name)],
        float(one.get("stop_grace_period", "10s").removesuffix("s")),
        sources.get("/state", ""),
    )


def mounts(service: str) -> list[tuple[str, str]]:
    """What a service mounts, and where."""
    parts = (mount.split(":") for mount in SERVICES[service].get("volumes", []))
    return [(source, target) for source, target, *_ in parts]


def prometheus_configuration() -> dict[str, Any]:
    """The scrape configuration."""
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus" / "prometheus.yml").read_text())
    return loaded


def provisioned(kind: str, name: str) -> dict[str, Any]:
    """One of Grafana's provisioning files."""
    path = FOLDER / "grafana" / "provisioning" / kind / f"{name}.yaml"
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded
