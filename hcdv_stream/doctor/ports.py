"""Are the ports of API and metrics free, or do our own services listen there?"""

import socket
import urllib.error
import urllib.request

from hcdv_stream.doctor.check import CheckResult, failed, passed
from hcdv_stream.serving.listener import advice, port_is_at_fault, reason, resolve
from hcdv_stream.settings import Settings

_ASK_SECONDS = 2.0


def check_ports(settings: Settings) -> list[CheckResult]:
    """Look at both ports."""
    return [
        _port("API port", settings.api_host, settings.api_port, "HCDV_API_PORT"),
        _port("metrics port", settings.metrics_host, settings.metrics_port, "HCDV_METRICS_PORT"),
    ]


def _port(name: str, host: str, port: int, setting: str) -> CheckResult:
    if port == 0:
        return passed(name, "a free one will be taken")
    error = _cannot_listen(host, port)
    if error is None:
        return passed(name, f"{host}:{port} is free")
    if _is_ours(host, port):
        return passed(name, f"an hcdv-stream process answers at {host}:{port}")
    return failed(
        name,
        f"{host}:{port} cannot be listened on ({reason(error)})",
        f"stop what listens there, or set {setting} to another port or 0"
        if port_is_at_fault(error)
        else advice(error, setting.removesuffix("_PORT")),
    )


def _cannot_listen(host: str, port: int) -> Exception | None:
    try:
        family, address = resolve(host, port)
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except (OSError, UnicodeError) as error:
        return error
    return None


def _is_ours(host: str, port: int) -> bool:
    asked = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    named = f"[{asked}]" if ":" in asked else asked
    try:
        with urllib.request.urlopen(f"http://{named}:{port}/metrics", timeout=_ASK_SECONDS) as said:
            return b"hcdv_" in said.read()
    except urllib.error.HTTPError as refusal:  # for want of a key, say
        with refusal:
            return b"urn:hcdv-stream:" in refusal.read()
    except (OSError, ValueError):
        return False
