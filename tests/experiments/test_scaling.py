"""The scaling experiment, whole but small."""

import math
from pathlib import Path

import orjson
import pytest

from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.scaling import run as scaling


def test_it_measures_sizes_and_tables_them() -> None:
    result = scaling.run(ExperimentOptions(Path(), seeds=1, small=True), Silent())
    result = orjson.loads(orjson.dumps(result))
    small, large = result["sizes"]
    assert (small["samples"], large["samples"]) == (300, 1_300)
    assert small["processor_seconds"] > 0
    assert small["leaves"] < large["leaves"]
    assert small["peak_memory_mib"] > 10
    (table,) = scaling.tables(result)
    assert [row[0] for row in table.rows] == ["300", "1,300"]
    assert table.rows[0][-1] == "1.00"
    assert {len(row) for row in table.rows} == {len(table.columns)}


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_the_exponent_is_that_of_the_cost(power: float) -> None:
    sizes = [
        {
            "samples": n,
            "wall_seconds": n**power,
            "processor_seconds": n**power,
            "leaves": n,
            "peak_memory_mib": 1.0,
        }
        for n in (10, 100, 1000)
    ]
    exponent = scaling._exponent(sizes)
    assert exponent == pytest.approx(power)
    result = {"sizes": sizes, "exponent": exponent, "dimensions": 1, "validation": 1}
    (table,) = scaling.tables(result | {"processors": 1, "blas_threads": 1, "load_at_start": 0.0})
    expected = 1000**power / (1000 * math.log(1000)) / (10**power / (10 * math.log(10)))
    assert float(table.rows[-1][-1]) == pytest.approx(expected, abs=0.01)
