"""``python -m scripts.check_coverage``: how many of the core's branches its tests take.

Reads what ``make coverage`` measured, prints each module with branches that no test takes, and ends
with status 1 where fewer than LEAST_PERCENT are taken. Branches count, not lines: the line of an
``if`` is reached whichever way it goes.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from coverage import Coverage
from coverage.exceptions import NoDataError

LEAST_PERCENT = 95.0
"""Of the branches of ``hcdv_stream.valuation``."""


def main() -> None:
    """Print the share of branches taken; exit with 1 where it is too small."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "coverage.json"
        measured = Coverage()
        measured.load()
        try:
            measured.json_report(outfile=str(path))
        except NoDataError:
            sys.exit("there is no measurement yet; run `make coverage`")
        report = json.loads(path.read_text())
    for line in missed(report):
        print(line)
    percent = branch_percent(report)
    print(f"{percent:.1f}% of the core's branches are taken, at least {LEAST_PERCENT:g}% must be")
    sys.exit(percent < LEAST_PERCENT)


def branch_percent(report: dict[str, Any]) -> float:
    """Return the share of branches taken, in percent, from coverage's JSON report."""
    totals = report["totals"]
    if not totals["num_branches"]:
        raise ValueError("the report has no branches; measure with `branch = true`")
    return 100.0 * float(totals["covered_branches"]) / float(totals["num_branches"])


def missed(report: dict[str, Any]) -> list[str]:
    """Return a line for each module with branches not taken: ``path: 12->15, 20->exit``."""
    found = []
    for path, measured in sorted(report["files"].items()):
        branches = [
            f"{begin}->{'exit' if end < 0 else end}" for begin, end in measured["missing_branches"]
        ]
        if branches:
            found.append(f"{path}: {', '.join(branches)}")
    return found


if __name__ == "__main__":
    main()
