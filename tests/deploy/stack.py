"""What the compose file starts, started here: its commands, settings, probes and scrape jobs.

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

from hcdv_stream.broker.embedded import accepts_connections, free_port
from hcdv_stream.tether import tethered
from tests.deploy.compose import SERVICES, environment, prometheus_configuration
from tests.deploy.programs import program
from tests.worker.harness import small_bundle, until

START_SECONDS = 60.0


class Process:
    """A program whose output is kept; ends with the ``with`` block."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                tethered(command),
                env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
                stdout=output,
                stderr=output,
                cwd=log.parent,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask it to stop, as Docker does; return its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(20)
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
    """Broker from outside or a real Kafka with the file's settings; then the file's services."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ports = {name: free_port() for name in ("worker", "api", "prometheus")}
        self.bootstrap = ""
        self.running: dict[str, Process] = {}
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        (self.directory / "state").mkdir()
        small_bundle().save(self.directory / "bundles" / "bundle")
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def start_kafka(self, script: str) -> Process:
        """Start a real Kafka with the settings that the compose file gives it."""
        ports = {port: free_port() for port in ("9093", "19092", "9092")}
        inside = ports["19092"]
        data = self.directory / "kafka"
        command = [script, "start", str(inside), str(data), *kafka_settings(ports)]
        kafka = self._exits.enter_context(Process(command, {}, self.directory / "kafka.log"))
        for port in (inside, ports["9092"]):
            until(lambda port=port: kafka.listens(port), START_SECONDS, f"Kafka on {port}")
        self.bootstrap = f"127.0.0.1:{inside}"
        return kafka

    def start(self, service: str) -> Process:
        """Start one of our services by its command and settings."""
        command = [sys.executable, "-m", "hcdv_stream", *SERVICES[service]["command"]]
        log = self.directory / f"{service}.log"
        process = Process(command, self._environment(service), log)
        self.running[service] = self._exits.enter_context(process)
        return process

    def start_prometheus(self) -> None:
        """Start Prometheus on the file's jobs, scraping every second."""
        configuration = prometheus_configuration()
        configuration["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        for job in configuration["scrape_configs"]:
            (discovery,) = job.pop("dns_sd_configs")
            (name,) = discovery["names"]
            job["static_configs"] = [{"targets": [f"127.0.0.1:{self.ports[name]}"]}]
        file = self.directory / "prometheus.yml"
        file.write_text(yaml.safe_dump(configuration))
        command = [program("prometheus"), f"--config.file={file}"]
        command += [f"--storage.tsdb.path={self.directory / 'tsdb'}", "--log.level=warn"]
        command += [f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}"]
        log = self.directory / "prometheus.log"
        prometheus = self._exits.enter_context(Process(command, {}, log))
        until(lambda: prometheus.listens(self.ports["prometheus"]), START_SECONDS, "Prometheus")

    def probe(self, service: str) -> bool:
        """Whether the service's health check, run as it is written, succeeds."""
        kind, _, *arguments = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD"
        port = {"worker": "9108", "api": "8080"}[service]
        arguments = [one.replace(f":{port}/", f":{self.ports[service]}/") for one in arguments]
        done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
        return done.returncode == 0

    def get(self, service: str, path: str, **query: str) -> Any:
        """The JSON that a service answers with."""
        url = f"http://127.0.0.1:{self.ports[service]}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return orjson.loads(answer.read())

    def query(self, expression: str) -> list[float]:
        """Values of the series that Prometheus returns now."""
        found = self.get("prometheus", "/api/v1/query", query=expression, time=f"{time.time():.3f}")
        return [float(series["value"][1]) for series in found["data"]["result"]]

    def _environment(self, service: str) -> dict[str, str]:
        wanted = environment(service)
        here = {
            "HCDV_BOOTSTRAP": self.bootstrap,
            "HCDV_BUNDLE": str(self.directory / "bundles" / "bundle"),
            "HCDV_STATE_DIR": str(self.directory / "state"),
            "HCDV_API_HOST": "127.0.0.1",
            "HCDV_METRICS_HOST": "127.0.0.1",
        }
        here = {name: here[name] for name in here.keys() & wanted.keys()}
        ports = {
            "HCDV_METRICS_PORT": str(self.ports["worker"]),
            "HCDV_API_PORT": str(self.ports["api"]),
        }
        return wanted | here | ports
