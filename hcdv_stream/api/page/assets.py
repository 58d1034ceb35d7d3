"""The pages' files: their own from this package, others' from installed packages, never copied."""

import gzip
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

_STATIC = Path(__file__).parent / "static"
_BORROWED = {
    "plotly.min.js": ("plotly", "package_data"),
    "swagger-ui-bundle.js": ("fastapi_offline", "static"),
    "swagger-ui.css": ("fastapi_offline", "static"),
}
"""Files of other packages: the package, and the folder in it."""
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Asset:
    """A file as it is served."""

    content: bytes
    media_type: str

    @cached_property
    def tag(self) -> str:
        """Its ETag: another content, another tag."""
        return f'"{sha256(self.content).hexdigest()[:20]}"'

    @cached_property
    def gzipped(self) -> bytes:
        """The same in a third of the bytes, compressed once."""
        return gzip.compress(self.content, 6, mtime=0)


@cache
def asset(name: str) -> Asset | None:
    """Return a file by its name, None where the pages have none of that name."""
    path = _borrowed(name) if name in _BORROWED else _own(name)
    return None if path is None else Asset(path.read_bytes(), _TYPES[path.suffix])


def _own(name: str) -> Path | None:
    path = _STATIC / name
    return path if path.parent == _STATIC and path.suffix in _TYPES and path.is_file() else None


def _borrowed(name: str) -> Path | None:
    package, folder = _BORROWED[name]
    # The package's place is asked for; importing it would take longer and is not needed.
    spec = find_spec(package)
    places = (spec and spec.submodule_search_locations) or []
    files = (Path(place) / folder / name for place in places)
    return next((path for path in files if path.is_file()), None)
