"""``python -m hcdv_stream.dashboards`` writes boards, rules and the reference of metrics.

They go into the checkout.
``--runbooks https://wiki.example/operations`` makes alerts link to a page of one's own; ``--out
DIR`` writes boards and rules there, also from an installed package.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from hcdv_stream.dashboards.files import checkout_files, files
from hcdv_stream.dashboards.rules import RUNBOOKS


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(prog="python -m hcdv_stream.dashboards", description=__doc__)
    parser.add_argument("--runbooks", default=RUNBOOKS, help=f"page of the runbooks ({RUNBOOKS})")
    parser.add_argument("--out", type=Path, help="folder for boards and rules (this checkout)")
    chosen = parser.parse_args(arguments)
    if chosen.out is None:
        wanted = {**files(chosen.runbooks), **checkout_files(chosen.runbooks)}
    else:
        wanted = {**files(chosen.runbooks, chosen.out)}
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
