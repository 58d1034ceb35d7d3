"""A file with the exact way of every poll, for who measures: histograms only know buckets."""

from pathlib import Path

import orjson


class Timings:
    """Appends one JSON line per poll and partition to a file; does nothing where there is none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def record(self, partition: int, records: int, seconds: float) -> None:
        """Note that so many records were durable these seconds after their poll was handed over."""
        if self._path is None:
            return
        line = {"partition": partition, "records": records, "seconds": seconds}
        with self._path.open("ab") as file:  # one write a line: never a torn one for who reads
            file.write(orjson.dumps(line) + b"\n")
