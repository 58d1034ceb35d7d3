"""Writes ``docs/results.md`` from what experiments left: ``python -m scripts.docs.results``.

Every figure on that page comes from a file beside it, so that none can be typed wrong or grow old
unnoticed; a test holds page and files together.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from hcdv_stream.experiments.registry import EXPERIMENTS

RESULTS = Path("docs/results")
PAGE = Path("docs/results.md")

_HEAD = """# Results

Generated from the JSON files in `docs/results/` by `python -m scripts.docs.results`; do
not edit. Repeat an experiment with the command under its heading.
"""


def page(folder: Path) -> str:
    """Return the page for the results in ``folder``; experiments without a file are left out."""
    chapters = [
        _chapter(name, folder / f"{name}.json")
        for name in EXPERIMENTS
        if (folder / f"{name}.json").exists()
    ]
    return "\n".join([_HEAD, *chapters])


def _chapter(name: str, file: Path) -> str:
    result = orjson.loads(file.read_bytes())
    experiment = EXPERIMENTS[name]
    about = (sys.modules[experiment.run.__module__].__doc__ or "").strip()
    tables = "\n".join(table.markdown() for table in experiment.tables(result))
    asked = f"{name} {experiment.arguments}".strip()
    command = f"hcdv-stream experiment {asked} --out docs/results/{name}.json"
    return f"## {name.capitalize()}\n\n{about}\n\n```\n{command}\n```\n\n{tables}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder with the JSON files")
    parser.add_argument("--out", type=Path, default=PAGE, help="page to write")
    chosen = parser.parse_args(arguments)
    chosen.out.write_text(page(chosen.results), encoding="utf-8")


if __name__ == "__main__":
    main()
