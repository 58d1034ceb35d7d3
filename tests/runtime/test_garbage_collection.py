"""What a process that serves for long leaves out of its collections."""

import gc

import pytest

from hcdv_stream.runtime.garbage_collection import freeze_loaded_objects


@pytest.fixture
def restored():
    """Begins with nothing left out; puts the thresholds back, and leaves out what is loaded."""
    before = gc.get_threshold()
    gc.unfreeze()
    yield
    gc.set_threshold(*before)


class Ring:
    """An object in a cycle of its own."""

    def __init__(self, gone: list[str]) -> None:
        self.own = self
        self.gone = gone

    def __del__(self) -> None:
        self.gone.append("gone")


@pytest.mark.usefixtures("restored")
def test_later_cycles_are_collected_and_what_was_loaded_is_not_looked_through():
    before, gone = len(gc.get_objects()), []
    freeze_loaded_objects()
    assert gc.get_freeze_count() > before / 2
    assert len(gc.get_objects()) < before / 10
    assert gc.get_threshold()[::2] == (10_000, 100)
    Ring(gone)
    assert not gone
    gc.collect()
    assert gone == ["gone"]
