"""What processes and directories take over time, and whether that grows."""

import math
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from scipy.stats import t as student

Sample = Mapping[str, float]
_MEMORY = re.compile(r"^(VmRSS|RssAnon):\s+(\d+) kB$", re.MULTILINE)
_CURVES = 4
"""Polynomials that the noise is measured by: few, so slow ones, since neighbouring samples depend
on each other for minutes."""
_CONFIDENCE = 0.99
_ROUNDING = 1e-9


def process_sample(pid: int) -> Sample:
    """Return memory, descriptors and threads of a process (Linux).

    Anonymous memory is what it took itself; resident memory also has the pages of files.
    """
    place = Path(f"/proc/{pid}")
    memory = dict(_MEMORY.findall((place / "status").read_text()))
    return {
        "resident_bytes": float(memory.get("VmRSS", math.nan)) * 1024.0,
        "anonymous_bytes": float(memory.get("RssAnon", math.nan)) * 1024.0,
        "descriptors": float(sum(1 for _ in (place / "fd").iterdir())),
        "threads": float(sum(1 for _ in (place / "task").iterdir())),
    }


def directory_sample(directory: Path) -> Sample:
    """Return how many files a directory holds, with what is below it, and their bytes."""
    sizes = []
    for path in directory.rglob("*"):
        try:
            if path.is_file():
                sizes.append(path.stat().st_size)
        except OSError:  # it went meanwhile
            continue
    return {"files": float(len(sizes)), "bytes": float(sum(sizes))}


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth an hour of a series, with a confidence interval, and its mean."""

    per_hour: float
    low: float
    high: float
    mean: float
    growth: float

    @property
    def is_flat(self) -> bool:
        """Whether the interval holds zero, or lies below it, rounding aside."""
        return self.low <= 0.0 or self.growth < _ROUNDING

    def to_json(self) -> dict[str, Any]:
        """Return the figures."""
        return {
            "per_hour": self.per_hour,
            "low": self.low,
            "high": self.high,
            "mean": self.mean,
            "growth_of_mean": self.growth,
            "flat": self.is_flat,
        }


def slope_of(seconds: Sequence[float], values: Sequence[float]) -> Slope:
    """Return the least-squares slope of a series whose samples depend on their neighbours.

    The slope is the series' part along a line, so its variance is that of the slowest noise. This
    is the mean square of the parts along the next orthogonal polynomials, of degree 2 to 5: noise
    that is even over such long times has as much in each of them as in the line (an orthonormal
    series estimator, Sun 2013). With so few the interval is Student's, with as many degrees of
    freedom as polynomials; for independent samples it is exact. Raises ValueError for fewer than 3
    samples.
    """
    times, series = np.asarray(seconds) / 3600.0, np.asarray(values)
    count = len(series)
    if count < 3:
        raise ValueError(f"a slope needs 3 samples at least, got {count}")
    freedom = min(_CURVES, count - 2)
    scaled = (times - times.mean()) / (times[-1] - times[0])
    basis, _ = np.linalg.qr(np.vander(scaled, 2 + freedom, increasing=True))
    parts = basis.T @ series
    unit = float(basis[:, 1] @ times)
    slope = float(parts[1]) / unit
    reach = float(student.ppf((1.0 + _CONFIDENCE) / 2.0, freedom))
    reach *= math.sqrt(float(np.mean(parts[2:] ** 2))) / abs(unit)
    mean = float(series.mean())
    growth = slope * float(times[-1] - times[0]) / mean if mean else 0.0
    return Slope(slope, slope - reach, slope + reach, mean, growth)


class ResourceSampler:
    """A context manager that takes samples by name, every so many seconds, in a thread."""

    def __init__(self, sources: Mapping[str, Callable[[], Sample]], every: float) -> None:
        self._sources = dict(sources)
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler")
        self.seconds: list[float] = []
        self.series: dict[str, list[float]] = {}

    def __enter__(self) -> Self:
        self._begin = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def slopes(self, part: slice = slice(None)) -> Mapping[str, Slope]:
        """Return the slope of every series, or of a part of each."""
        return {
            name: slope_of(self.seconds[part], values[part]) for name, values in self.series.items()
        }

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            moment = time.monotonic() - self._begin
            try:
                found = {
                    f"{name} {what}": value
                    for name, source in self._sources.items()
                    for what, value in source().items()
                }
            except OSError:  # a process ended; who started it says so
                continue
            self.seconds.append(moment)
            for name, value in found.items():
                self.series.setdefault(name, []).append(value)
