"""What one look came to."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was looked at, how it is, what was seen, and for a failure or warning what to do."""

    name: str
    status: Status
    detail: str
    fix: str = ""


def passed(name: str, detail: str) -> CheckResult:
    """Return a check that found nothing wrong."""
    return CheckResult(name, "ok", detail)


def warned(name: str, detail: str, fix: str) -> CheckResult:
    """Return a check that found what works and should still be mended."""
    return CheckResult(name, "warning", detail, fix)


def failed(name: str, detail: str, fix: str = "") -> CheckResult:
    """Return a check that found something wrong; ``fix`` is what to do."""
    return CheckResult(name, "failed", detail, fix)


def refused(name: str, error: Exception) -> CheckResult:
    """Return the failure that an error of ours tells of: ``what is wrong: the fix``, or with ;."""
    sentence = str(error)
    cut = max(sentence.rfind(": "), sentence.rfind("; "))
    return failed(name, sentence[:cut], sentence[cut + 2 :]) if cut >= 0 else failed(name, sentence)


def skipped(name: str, why: str) -> CheckResult:
    """Return a check that could not be made because of another."""
    return CheckResult(name, "skipped", why)
