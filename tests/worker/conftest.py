"""A small bundle, sessions that fit it, and workers as real processes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.worker.harness import WorkerProcess, small_bundle


@pytest.fixture(scope="session")
def bundle_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bundle") / "bundle"
    small_bundle().save(directory)
    return directory


@pytest.fixture
def workers(bundle_directory: Path, bootstrap: str, tmp_path: Path) -> Iterator["Workers"]:
    started = Workers(bundle_directory, bootstrap, tmp_path)
    yield started
    started.kill()


class Workers:
    """Starts workers and sees to it that none survives the test."""

    def __init__(self, bundle: Path, bootstrap: str, directory: Path) -> None:
        self._common = {"HCDV_BUNDLE": str(bundle), "HCDV_BOOTSTRAP": bootstrap}
        self.bootstrap = bootstrap
        self.directory = directory
        self._started: list[WorkerProcess] = []

    def start(
        self,
        topic: str,
        state: str = "state",
        program: Sequence[str] | None = None,
        **settings: str,
    ) -> WorkerProcess:
        environment = self._common | {
            "HCDV_SESSION_TIMEOUT_SECONDS": "6",
            "HCDV_TOPIC": topic,
            "HCDV_GROUP": f"group-of-{topic}",
            "HCDV_STATE_DIR": str(self.directory / state),
        }
        environment |= {f"HCDV_{name.upper()}": value for name, value in settings.items()}
        log = self.directory / f"worker-{len(self._started)}.log"
        worker = WorkerProcess(environment, log, program)
        self._started.append(worker)
        return worker

    def kill(self) -> None:
        for worker in self._started:
            worker.kill()
