"""Results as pandas DataFrames; pandas is imported when one is asked for."""

from collections.abc import Mapping
from typing import Any


def frame(columns: Mapping[str, Any], ids: Any, provenance: Mapping[str, Any]) -> Any:
    """Return a DataFrame with the index ``id``; ``attrs`` holds the provenance.

    Raises ImportError, which names the extra, where pandas is missing.
    """
    try:
        import pandas as pd  # noqa: PLC0415 (not required)
    except ModuleNotFoundError as error:
        raise ImportError("to_frame needs pandas: install hcdv-stream[pandas]") from error
    made = pd.DataFrame(dict(columns), index=pd.Index(ids, name="id"))
    made.attrs |= provenance
    return made
