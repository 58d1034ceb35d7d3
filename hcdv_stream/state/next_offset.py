"""How far a partition's state is, without loading it."""

from pathlib import Path

from hcdv_stream.state.layout import POSITION_KEY
from hcdv_stream.state.reading.secondary import Secondary
from hcdv_stream.state.records import decode_position

_ATTEMPTS = 3


def read_next_offset(directory: Path) -> int | None:
    """Return the first offset without effect in the state of ``directory``.

    0 where nothing was stored yet, None where there is no state or none that can be read. Works
    beside the state's owner and costs some milliseconds, whatever the size of the state.
    """
    if not (directory / "CURRENT").exists():
        return None
    for _ in range(_ATTEMPTS):
        try:
            secondary = Secondary(directory)
        except Exception:  # rocksdict raises no other; the owner's files may just have moved
            continue
        try:
            return next_offset_of(secondary)
        except Exception:
            continue
        finally:
            secondary.close()
    return None


def next_offset_of(secondary: Secondary) -> int:
    """Return the first offset without effect in an open state, 0 where nothing was stored yet."""
    data = secondary.families().meta.get(POSITION_KEY)
    return 0 if data is None else decode_position(data).next_offset
