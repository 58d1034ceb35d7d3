"""Reads beside heavy questions, whole but small."""

import pytest

from hcdv_stream.experiments.api_load import heavy_reads
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent


@pytest.mark.slow
@pytest.mark.broker
def test_small(tmp_path):
    result = heavy_reads.run(ExperimentOptions(tmp_path, seeds=1, small=True), Silent())
    assert result["failed"] == 0
    assert result["alone_seconds"]["count"] == result["beside_seconds"]["count"] == 30
    assert result["heavy_answers"] >= result["loops"]
    (table,) = heavy_reads.tables(result)
    assert "p99" in table.markdown()
