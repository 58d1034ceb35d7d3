"""How V has moved and agrees with what arrives, as a record, and back."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hcdv_stream.state.codec import Array, pack, read_strings, strings, unpack
from hcdv_stream.state.errors import REBUILD, StateError
from hcdv_stream.valuation.drift.drift import Agreement, Drift

_DRIFT = b"D"
_TIMED = Agreement._fields.index("since")


def encode_drift(drift: Drift, written: int) -> bytes:
    """Encode it as of the write of that number."""
    names = tuple(name for name, _ in drift.providers)
    numbers = (drift.joined, drift.displaced, drift.dismissed, drift.retired, written)
    return pack(
        _DRIFT,
        {
            "numbers": np.array(numbers, np.int64),
            "times": _times((drift.begun, drift.event_time, drift.peers_since)),
            "departed": np.array(drift.departed, np.int64),
            **_of_agreements("whole", [drift.whole]),
            **_of_agreements("classes", drift.classes),
            **strings("names", names),
            **_of_agreements("providers", [one for _, one in drift.providers]),
        },
    )


def decode_drift(record: bytes) -> tuple[Drift, int]:
    """Return it and the number of the write that made the record."""
    arrays: dict[str, Any] = unpack(_DRIFT, record)
    try:
        joined, displaced, dismissed, retired, written = arrays["numbers"].tolist()
        begun, event_time, peers_since = map(_moment, arrays["times"].tolist())
        (whole,) = _agreements("whole", arrays)
        providers = _agreements("providers", arrays)
        return Drift(
            begun,
            event_time or 0.0,
            peers_since,
            joined,
            displaced,
            dismissed,
            retired,
            tuple(arrays["departed"].tolist()),
            whole,
            _agreements("classes", arrays),
            tuple(zip(read_strings("names", arrays), providers, strict=True)),
        ), written
    except (KeyError, ValueError, TypeError) as error:
        raise StateError(f"the record of V's drift does not fit ({error}): {REBUILD}") from error


def _of_agreements(name: str, agreements: Sequence[Agreement]) -> dict[str, Array]:
    whole = [(*one[:_TIMED], *one[_TIMED + 1 :]) for one in agreements]
    width = len(Agreement._fields) - 1
    return {
        name: np.array(whole, np.int64).reshape(len(whole), width),
        f"{name}.since": _times([one.since for one in agreements]),
    }


def _agreements(name: str, arrays: Mapping[str, Any]) -> tuple[Agreement, ...]:
    since = map(_moment, arrays[f"{name}.since"].tolist())
    return tuple(
        Agreement._make((*row[:_TIMED], time, *row[_TIMED:]))
        for row, time in zip(arrays[name].tolist(), since, strict=True)
    )


def _times(times: Sequence[float | None]) -> Array:
    return np.array([math.nan if time is None else time for time in times], np.float64)


def _moment(time: float) -> float | None:
    return None if math.isnan(time) else time
