"""Is V stale: does it still agree with what arrives, and how old is its newest evaluator?"""

from collections.abc import Mapping

from hcdv_stream.doctor.check import CheckResult, passed, warned
from hcdv_stream.doctor.state import StoredPartitionFacts
from hcdv_stream.settings import Settings

STALE_SECONDS = 30 * 86_400.0
"""Age of V's newest evaluator, in the stream's event time, that is worth a word."""
_FIX = (
    "send trusted sessions (HCDV_TRUSTED_MARK or HCDV_TRUSTED_PROVIDERS), or train a new bundle on "
    "newer rows"
)


def check_validation(
    settings: Settings, stored: Mapping[int, StoredPartitionFacts]
) -> list[CheckResult]:
    """Return one check for V in all states; none before the first update."""
    diverging: list[str] = []
    ages: list[float] = []
    for number, facts in sorted(stored.items()):
        if facts.validation_age is not None:
            ages.append(facts.validation_age)
        diverging += [f"{whose} of partition {number}" for whose in facts.diverging]
    if not ages:
        return []
    moves = "moves" if settings.trusted_mark or settings.trusted_providers else "stays as it is"
    days = max(ages) / 86_400.0
    age = f"its newest evaluator is {days:.1f} days older than the stream's event time"
    if diverging:
        rest = f" and {len(diverging) - 5} more" if len(diverging) > 5 else ""
        found = f"recent sessions diverge from V: {', '.join(diverging[:5])}{rest}; {age}"
        return [warned("validation set", found, _FIX)]
    if max(ages) > STALE_SECONDS:
        return [warned("validation set", f"V {moves} and {age}", _FIX)]
    return [passed("validation set", f"V {moves}; {age}; recent sessions agree with it")]
