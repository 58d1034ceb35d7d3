"""What the deployment's files start, started here: commands, settings, probes, scrape jobs, rules.

Only places differ: loopback and free ports for the containers' names and ports, directories of the
test for volumes. Nothing outlives the ``with`` block.
"""

import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import orjson
import yaml

from hcdv_stream.api.middleware.api_keys import Scope, new_key
from hcdv_stream.broker.embedded import accepts_connections, free_port
from hcdv_stream.dashboards.files import PROMETHEUS
from hcdv_stream.runtime.child_process import tethered
from tests.deploy import compose
from tests.deploy.compose import SERVICES, prometheus_configuration
from tests.deploy.programs import program
from tests.deploy.service import Secret, Service
from tests.processes.service_process import ServiceProcess
from tests.worker.harness import until

START_SECONDS = 300.0
"""A bound for machines with much else to do: what starts or trains is done in a few seconds."""
_PORTS = {
    "worker": "HCDV_METRICS_PORT",
    "api": "HCDV_API_PORT",
    "gateway": "HCDV_GATEWAY_PORT",
}
"""Settings of the port that each of our commands listens on."""


class Process:
    """A process whose output is kept; ends with the ``with`` block."""

    def __init__(self, process: subprocess.Popen[bytes] | ServiceProcess, log: Path) -> None:
        self.process = process
        self.log = log

    @classmethod
    def of_program(cls, command: Sequence[str], log: Path) -> Self:
        """Start a program of somebody else's."""
        with log.open("wb") as output:
            started = subprocess.Popen(
                tethered(command), stdout=output, stderr=output, cwd=log.parent
            )
        return cls(started, log)

    @classmethod
    def of_command(cls, words: Sequence[str], variables: Mapping[str, str], log: Path) -> Self:
        """Start ``hcdv-stream`` with these words."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
        with log.open("wb") as output:
            file = output.fileno()
            started = ServiceProcess(
                words,
                environment,
                stdout=file,
                stderr=file,
                directory=log.parent,
                loaded="training",
            )
        return cls(started, log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask it to stop, as Docker does; return its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(80)
        finally:
            self.process.kill()
            self.process.wait()

    def listens(self, port: int) -> bool:
        """Whether it does; fails where it has ended."""
        assert self.process.poll() is None, self.log.read_text()
        return accepts_connections(port)


def kafka_settings(ports: Mapping[str, int]) -> list[str]:
    """The compose file's broker settings as KEY=VALUE, on loopback and these ports."""
    settings = []
    for name, value in SERVICES["kafka"]["environment"].items():
        key = name.removeprefix("KAFKA_").lower().replace("_", ".")
        if name == "CLUSTER_ID" or key == "log.dirs":
            continue
        here = value.replace("://:", "://127.0.0.1:").replace("kafka:", "127.0.0.1:")
        settings.append(f"{key}={re.sub(':([0-9]+)', lambda m: f':{ports[m[1]]}', here)}")
    return settings


class Stack:
    """Broker from outside or a real Kafka with the file's settings; then the files' services.

    ``ports`` are those that workers, APIs, gateway and Prometheus listen on here.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        names = ("worker", "worker-2", "api", "api-2", "gateway", "prometheus")
        self.ports = {name: free_port() for name in names}
        self.bootstrap = ""
        self.running: dict[str, Process] = {}
        self.secrets: dict[str, str] = {}
        self._keys = directory / "keys"
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        for name in ("state", "state-2", "bundles"):
            (self.directory / name).mkdir()
        for name, scope in (
            ("hcdv-gateway-key/key", Scope.SHARD),
            ("hcdv-metrics-key/key", Scope.METRICS),
            ("reader", Scope.READ),
        ):
            self.secrets[name], key = new_key(name, [scope])
            with self._keys.open("a") as file:
                file.write(key.line)
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def start_kafka(self, script: str) -> Process:
        """Start a real Kafka with the settings that the compose file gives it."""
        ports = {port: free_port() for port in ("9093", "19092", "9092")}
        inside = ports["19092"]
        data = self.directory / "kafka"
        command = [script, "start", str(inside), str(data), *kafka_settings(ports)]
        kafka = self._exits.enter_context(Process.of_program(command, self.directory / "kafka.log"))
        for port in (inside, ports["9092"]):
            until(lambda port=port: kafka.listens(port), START_SECONDS, f"Kafka on {port}")
        self.bootstrap = f"127.0.0.1:{inside}"
        return kafka

    def start(self, name: str, service: Service, **more: str) -> Process:
        """Start a service by its command and settings; ``more`` are variables besides."""
        bundles = str(self.directory / "bundles")
        words = [word.replace("/bundles", bundles) for word in service.command]
        log = self.directory / f"{name}.log"
        process = Process.of_command(words, self._environment(name, service) | more, log)
        self.running[name] = self._exits.enter_context(process)
        return process

    def run(self, name: str, service: Service, seconds: float = START_SECONDS) -> None:
        """Run a service that ends by itself, as it should."""
        process = self.start(name, service)
        assert process.process.wait(seconds) == 0, process.log.read_text()

    def stop(self, name: str, service: Service) -> None:
        """Stop a service: it ends well, in half the time that it is given."""
        process = self.running.pop(name)
        begin = time.monotonic()
        assert process.stop() == 0, process.log.read_text()
        assert time.monotonic() - begin < service.stop_seconds / 2

    def start_prometheus(self) -> None:
        """Start Prometheus on the file's jobs and rules, scraping and judging every second."""
        configuration = prometheus_configuration()
        configuration["global"] = dict.fromkeys(
            ("scrape_interval", "scrape_timeout", "evaluation_interval"), "1s"
        )
        for job in configuration["scrape_configs"]:
            (discovery,) = job.pop("dns_sd_configs")
            targets = [f"127.0.0.1:{self.ports[name]}" for name in discovery["names"]]
            job["static_configs"] = [{"targets": targets}]
        file = self.directory / "prometheus.yml"
        file.write_text(yaml.safe_dump(configuration))
        (self.directory / "rules").symlink_to(PROMETHEUS)
        command = [program("prometheus"), f"--config.file={file}"]
        command += [f"--storage.tsdb.path={self.directory / 'tsdb'}", "--log.level=warn"]
        command += [f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}"]
        log = self.directory / "prometheus.log"
        prometheus = self._exits.enter_context(Process.of_program(command, log))
        until(lambda: prometheus.listens(self.ports["prometheus"]), START_SECONDS, "Prometheus")

    def passes(self, name: str, path: str) -> bool:
        """Whether a probe of a service succeeds, asked as an orchestrator asks it."""
        url = f"http://127.0.0.1:{self.ports[name]}{path}"
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:
                return answer.status == 200
        except OSError:  # among them a status that is an error
            return False

    def health_check(self, name: str) -> bool:
        """Whether the compose file's health check, run as it is written, succeeds."""
        kind, _, *arguments = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        port = compose.service(name).port
        arguments = [one.replace(f":{port}/", f":{self.ports[name]}/") for one in arguments]
        done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
        return done.returncode == 0

    def get(self, name: str, path: str, **query: str) -> Any:
        """The JSON that a service answers with."""
        return orjson.loads(self.read(name, path, **query))

    def read(self, name: str, path: str, **query: str) -> bytes:
        """What a service answers with, asked by someone who may read."""
        url = f"http://127.0.0.1:{self.ports[name]}{path}?{urllib.parse.urlencode(query)}"
        headers = {"Authorization": f"Bearer {self.secrets['reader']}"}
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as got:
            body: bytes = got.read()
            return body

    def ask(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Series that Prometheus returns now, with their values."""
        found = self.get("prometheus", "/api/v1/query", query=expression, time=f"{time.time():.3f}")
        return [(one["metric"], float(one["value"][1])) for one in found["data"]["result"]]

    def query(self, expression: str) -> list[float]:
        """The values alone."""
        return [value for _, value in self.ask(expression)]

    def _environment(self, name: str, service: Service) -> dict[str, str]:
        wanted = {
            key: self.secrets[value.name] if isinstance(value, Secret) else value
            for key, value in service.environment.items()
        }
        here = {
            "HCDV_BOOTSTRAP": self.bootstrap,
            "HCDV_REPLICATION": "1",
            "HCDV_BUNDLE": str(self.directory / "bundles" / "bundle"),
            "HCDV_STATE_DIR": str(self.directory / service.state),
            "HCDV_API_KEYS": str(self._keys),
            "HCDV_API_HOST": "127.0.0.1",
            "HCDV_METRICS_HOST": "127.0.0.1",
            "HCDV_GATEWAY_HOST": "127.0.0.1",
            "HCDV_GATEWAY_SIDECARS": self._sidecars(wanted),
        }
        here = {key: here[key] for key in here.keys() & wanted.keys()}
        if port := _PORTS.get(service.command[0]):
            here[port] = str(self.ports[name])
        return wanted | here

    def _sidecars(self, wanted: Mapping[str, str]) -> str:
        """Where the APIs that a gateway is told of are here; all that have no name here are one."""
        hosts = re.findall(r"http://([\w-]+)", wanted.get("HCDV_GATEWAY_SIDECARS", ""))
        ports = (self.ports.get(host, self.ports["api"]) for host in hosts)
        return ",".join(dict.fromkeys(f"http://127.0.0.1:{port}" for port in ports))
