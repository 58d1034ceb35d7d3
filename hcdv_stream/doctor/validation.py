"""Is V stale or too small: does it agree with what arrives, how old is it, whom has it lost?"""

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
    short: list[str] = []
    ages: list[float] = []
    for number, facts in sorted(stored.items()):
        if facts.validation_age is not None:
            ages.append(facts.validation_age)
        diverging += [f"{whose} of partition {number}" for whose in facts.diverging]
        short += [f"{whose} in partition {number}" for whose in facts.short]
    checks = [warned("evaluators", _too_few(short), _FIX)] if short else []
    if not ages:
        return checks
    moves = "moves" if settings.trusted_mark or settings.trusted_providers else "stays as it is"
    days = max(ages) / 86_400.0
    age = f"its newest evaluator is {days:.1f} days older than the stream's event time"
    if diverging:
        rest = f" and {len(diverging) - 5} more" if len(diverging) > 5 else ""
        found = f"recent sessions diverge from V: {', '.join(diverging[:5])}{rest}; {age}"
        return [*checks, warned("validation set", found, _FIX)]
    if max(ages) > STALE_SECONDS:
        return [*checks, warned("validation set", f"V {moves} and {age}", _FIX)]
    return [*checks, passed("validation set", f"V {moves}; {age}; recent sessions agree with it")]


def _too_few(short: list[str]) -> str:
    rest = f" and {len(short) - 5} more" if len(short) > 5 else ""
    return (
        f"V has only {', '.join(short[:5])}{rest}: values of such a class say little, and payouts "
        "are refused where there are none"
    )
