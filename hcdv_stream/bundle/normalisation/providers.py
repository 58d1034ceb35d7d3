"""Who supplied an example, whatever spells the name."""

import math

from hcdv_stream.bundle.normalisation.spelling import number_text, plain


def provider_of(value: object) -> str | None:
    """Return the provider's name, or None for a gap, which stands for nobody in particular.

    Text stays as it is written, spaces too; 7 and 7.0 are ``7``. Raises ValueError for anything
    else, with the end of a sentence: "got true".
    """
    found = plain(value)
    if found is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(found, bool):
        raise ValueError(f"got {str(found).lower()}")
    if isinstance(found, int | float) and math.isfinite(found):
        return number_text(found)
    raise ValueError(f"got {type(value).__name__}")
