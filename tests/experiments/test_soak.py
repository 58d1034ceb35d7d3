"""The long load in small: everything runs, everybody is answered, every series has a slope."""

from pathlib import Path

import orjson
import pytest

from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.endurance import run as endurance
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.soak import run as soak


@pytest.mark.broker
@pytest.mark.slow
def test_small() -> None:
    result = soak.run(ExperimentOptions(Path(), seeds=1, small=True), Silent())
    stored = orjson.loads(orjson.dumps(result))
    assert stored["statuses"].keys() == {"200"}
    assert stored["valued_per_second"] > 0
    assert set(stored["slopes"]) == {
        *(
            f"{who} {what}"
            for who in ("worker", "api")
            for what in ("resident_bytes", "anonymous_bytes", "descriptors", "threads")
        ),
        "state files",
        "state bytes",
    }
    assert stored["slopes_of_second_half"].keys() == stored["slopes"].keys()
    assert all(len(series) == stored["samples"] for series in stored["series"].values())
    assert 0 < stored["slopes"]["worker descriptors"]["mean"] < stored["descriptors"]
    (table,) = soak.tables(stored)
    assert len(table.rows) == 10


def test_a_trial_without_a_broker_to_kill_says_which_option() -> None:
    with pytest.raises(HcdvError, match="--kafka SCRIPT"):
        endurance.run(ExperimentOptions(Path(), seeds=1), Silent())
