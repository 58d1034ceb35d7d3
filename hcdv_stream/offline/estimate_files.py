"""A sampled or exact method's result in one file: values, provenance, and what resuming needs.

A NumPy archive (.npz) of plain arrays, so that reading it runs nothing. ``about`` is JSON: method,
seed, parameters, versions.
"""

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic_core import from_json, to_json

from hcdv_stream.errors import HcdvError
from hcdv_stream.estimator.provenance import versions
from hcdv_stream.runtime.atomic_files import written_whole
from hcdv_stream.valuation.methods.sampling.run import Ends, Estimate
from hcdv_stream.valuation.methods.sampling.tally import Tally

FORMAT = 2
"""Raised whenever a file written before could not be read any more."""


class EstimateFileError(HcdvError):
    """A file that holds no estimate: one sentence."""


class StoredEstimate(NamedTuple):
    """What a file holds; ``ids`` are those of its players, None where it was given none."""

    estimate: Estimate
    ids: npt.NDArray[np.str_] | None
    versions: Mapping[str, str]


def write_estimate(path: Path, estimate: Estimate, ids: Iterable[str] | None = None) -> None:
    """Write an estimate, and the ids (n,) of its players where given; replaces a file whole.

    Raises ValueError for another number of ids.
    """
    about = estimate.provenance | {"format": FORMAT, "versions": versions()}
    arrays: dict[str, npt.NDArray[Any]] = {
        "about": np.frombuffer(to_json(about), np.uint8),
        "values": estimate.values,
        "stderr": estimate.stderr,
        "counts": estimate.counts,
    }
    if ids is not None:
        arrays["ids"] = np.array([str(each) for each in ids], np.str_)
        if len(arrays["ids"]) != len(estimate.values):
            raise ValueError(f"{len(estimate.values)} values have {len(arrays['ids'])} ids")
    if estimate.tally is not None:
        arrays |= {f"tally_{name}": sums for name, sums in asdict(estimate.tally).items()}
        arrays["history"] = np.array(estimate.history)
    with written_whole(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_estimate(path: Path) -> StoredEstimate:
    """Read what ``write_estimate`` wrote. Raises EstimateFileError where it did not."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
        about = from_json(arrays["about"].tobytes())
        if about["format"] != FORMAT:
            raise EstimateFileError(f"{path}: format {about['format']} is not known here")
        return StoredEstimate(_estimate(arrays, about), arrays.get("ids"), about["versions"])
    except OSError as error:
        raise EstimateFileError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise EstimateFileError(f"{path} holds no estimate; see write_estimate") from error


def _estimate(arrays: Mapping[str, npt.NDArray[Any]], about: Mapping[str, Any]) -> Estimate:
    sums = [arrays.get(f"tally_{name}") for name in ("counts", "sums", "squares")]
    ends = about["ends"]
    return Estimate(
        about["method"],
        arrays["values"],
        arrays["stderr"],
        arrays["counts"],
        about["evaluations"],
        seed=about["seed"],
        rounds=about["rounds"],
        seconds=about["seconds"],
        parameters=about["parameters"],
        ends=None if ends is None else Ends(**ends),
        tally=None if sums[0] is None else Tally(*sums),  # type: ignore[arg-type]
        history=tuple(arrays["history"]) if "history" in arrays else (),
    )
