"""The file that a command writes its report to."""

from pathlib import Path

from hcdv_stream.errors import HcdvError


def check_report(path: Path | None, option: str = "--json") -> None:
    """Raise HcdvError where a report could not be written; cheap, so ask before the work."""
    if path is not None and str(path) != "-" and not path.parent.is_dir():
        raise HcdvError(f"{option} {path}: make the folder {path.parent} first")
