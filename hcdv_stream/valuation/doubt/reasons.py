"""Why a label is doubted, in a sentence."""

from collections.abc import Mapping

SEEN = "the models have learned from this very row, so its doubt is too small"


def reason(support: Mapping[str, float], evaluated: float | None, *, seen: bool = False) -> str:
    """Say what speaks against a label: what each model gives it, and what its neighbours say.

    ``support`` is by the model's name. ``evaluated`` is the example's value without the contrast,
    None where it is not valued. ``seen``: the models have learned from the row itself.
    """
    given = ", ".join(f"{name} {share:.0%}" for name, share in support.items())
    said = [f"the models give this label {given}"]
    if evaluated is not None:
        side = "below" if evaluated < 0.0 else "at or above"
        said.append(f"without the contrast its value is {side} 0")
    return "; ".join([*said, *([SEEN] if seen else [])])
