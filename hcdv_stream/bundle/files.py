"""How a bundle lies on disk: ``bundle.json`` and files of arrays, none of them executable.

``bundle.json`` holds the SHA-256 of every other file, and a checksum over itself with these. A
bundle is written beside its place and renamed into it, so that a reader finds a whole one or none.
"""

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.arrays import MOST_BYTES, read_arrays
from hcdv_stream.bundle.errors import BundleError
from hcdv_stream.bundle.tensors import tensors_bytes, tensors_from
from hcdv_stream.valuation.embedding.encoder import Encoder
from hcdv_stream.valuation.tree.seed import SeedHierarchy
from hcdv_stream.valuation.validation import Validation

FORMAT = 2
"""Raised whenever a version before could not read what is written."""
FORMATS = (1, FORMAT)
"""Those that are read. A bundle of format 1 has no doubt model; one is still written as such, since
a state belongs to its bundle's checksum."""
DESCRIPTION = "bundle.json"
ARRAY_FILES = ("encoder.safetensors", "validation.npz", "hierarchy.npz")
DOUBT_FILE = "doubt.npz"

_MOST_TEXT = 64 << 20
_AGAIN = "train it again with `hcdv-stream train`"


def digests(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file's content."""
    return {name: hashlib.sha256(contents[name]).hexdigest() for name in sorted(contents)}


def format_of(files: Iterable[str]) -> int:
    """Return the format of a bundle with these files."""
    return FORMAT if DOUBT_FILE in files else 1


def checksum(description: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """Return the SHA-256 over description and file digests, in hex."""
    whole = {"format": format_of(files), **description, "files": dict(files)}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def write(directory: Path, description: Mapping[str, Any], contents: Mapping[str, bytes]) -> None:
    """Write a bundle in place of the one that may be there; raises BundleError."""
    _check_replaceable(directory)
    files = digests(contents)
    whole = {
        "format": format_of(files),
        **description,
        "files": files,
        "checksum": checksum(description, files),
    }
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
        try:
            for name, content in contents.items():
                (fresh / name).write_bytes(content)
            (fresh / DESCRIPTION).write_text(json.dumps(whole, indent=2) + "\n")
            fresh.chmod(0o755)
            _replace(directory, fresh)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise BundleError(
            f"the bundle cannot be written to {directory} ({error}); name another --bundle"
        ) from error


def read(directory: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read a bundle's description and files, digests checked; raises BundleError."""
    try:
        whole = json.loads(_read(directory / DESCRIPTION, _MOST_TEXT))
        if not isinstance(whole, dict) or whole.get("format") not in FORMATS:
            known = " or ".join(map(str, FORMATS))
            raise BundleError(f"the bundle {directory} is not of format {known}; {_AGAIN}")
        names = ARRAY_FILES if whole["format"] == 1 else (*ARRAY_FILES, DOUBT_FILE)
        contents = {name: _read(directory / name, MOST_BYTES) for name in names}
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise BundleError(
            f"there is no bundle at {directory}: {missing} is missing; write one with "
            f"`hcdv-stream train --bundle {directory}`"
        ) from error
    except OSError as error:
        name = Path(error.filename).name if error.filename else DESCRIPTION
        raise BundleError(
            f"{name} of the bundle {directory} cannot be read ({error.strerror}); give this user "
            "the right to, or name another --bundle"
        ) from error
    except (ValueError, RecursionError) as error:
        raise BundleError(
            f"the bundle {directory} cannot be read: {DESCRIPTION} is no JSON text; {_AGAIN}"
        ) from error
    found = digests(contents)
    stored, files = whole.pop("checksum", None), whole.pop("files", None)
    damaged = [
        name for name in found if not isinstance(files, dict) or files.get(name) != found[name]
    ]
    del whole["format"]
    if not damaged and stored != checksum(whole, found):
        damaged = [DESCRIPTION]
    if damaged:
        raise BundleError(
            f"the bundle {directory} is damaged: {damaged[0]} is not what was written; restore it "
            f"or {_AGAIN}"
        )
    return whole, contents


def encoder_bytes(encoder: Encoder) -> bytes:
    """Return an encoder's tensors in the safetensors format."""
    return tensors_bytes(encoder.tensors())


def encoder_from(content: bytes) -> Encoder:
    """Rebuild an encoder; raises ValueError."""
    try:
        tensors = tensors_from(content)
        _check_tensors(tensors)
        return Encoder.from_tensors(tensors)
    except ValueError as error:
        raise ValueError(f"encoder.safetensors: {error}") from error


def _check_tensors(tensors: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Check tensors one by one; ``Encoder.from_tensors`` puts them together."""
    for name, tensor in tensors.items():
        if not tensor.size or tensor.ndim > 2:
            raise ValueError(f"{name} has the shape {tensor.shape}")
        if not np.isfinite(tensor).all():
            raise ValueError(f"{name} holds NaN or infinite numbers")


def arrays_bytes(**arrays: npt.NDArray[np.generic]) -> bytes:
    """Return arrays in numpy's npz format."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def validation_from(content: bytes) -> Validation:
    """Read V; raises ValueError."""
    kinds = {"embeddings": ("<f4", 2), "labels": ("<i2", 1)}
    return Validation(**read_arrays("validation.npz", content, kinds))


def seed_hierarchy_from(content: bytes) -> SeedHierarchy:
    """Read the seed hierarchy; raises ValueError."""
    kinds = {"centroids": ("<f4", 2), "parents": ("<i8", 1), "node_parents": ("<i8", 1)}
    return SeedHierarchy(**read_arrays("hierarchy.npz", content, kinds))


def _read(path: Path, most: int) -> bytes:
    """Read a file of at most so many bytes; raises OSError and BundleError."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= most:
            return file.read(size)
    raise BundleError(
        f"{path.name} of the bundle {path.parent} has more than {most >> 20} MiB, which is no "
        f"file of ours; {_AGAIN}"
    )


def _check_replaceable(directory: Path) -> None:
    if not directory.exists():
        return
    empty = directory.is_dir() and not any(directory.iterdir())
    if not empty and not (directory / DESCRIPTION).is_file():
        raise BundleError(
            f"{directory} exists and is no bundle, so it is not replaced; name another --bundle"
        )


def _replace(directory: Path, fresh: Path) -> None:
    """Put ``fresh`` in the place of ``directory``; on a failure the old one stays."""
    if not directory.exists():
        fresh.rename(directory)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{directory.name}.old.", dir=directory.parent))
    directory.rename(old)  # onto an empty directory: allowed, and atomic
    try:
        fresh.rename(directory)
    except OSError:
        old.rename(directory)
        raise
    shutil.rmtree(old, ignore_errors=True)
