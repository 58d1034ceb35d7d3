"""The page of results and the files it is made from."""

from hcdv_stream.experiments.registry import EXPERIMENTS
from scripts.docs.results import PAGE, RESULTS, main, page
from tests.repository import ROOT


def test_the_page_says_what_the_files_say():
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(ROOT / RESULTS)


def test_every_file_is_an_experiments_result():
    files = {file.stem for file in (ROOT / RESULTS).glob("*.json")}
    assert {"quality", "latency", "tuning"} <= files <= set(EXPERIMENTS)


def test_the_page_is_written_where_one_says(tmp_path):
    main(["--results", str(ROOT / RESULTS), "--out", str(tmp_path / "page.md")])
    assert (tmp_path / "page.md").read_text(encoding="utf-8").startswith("# Results")
