"""A reader that stays open while owner after owner is killed: it never stays behind the state."""

import os
import random
import time

from hcdv_stream.state import PartitionReader, StateError
from tests.state import samples
from tests.state.owners import owners

KILLS = int(os.environ.get("HCDV_TEST_READER_KILLS", "25"))


def refreshed(reader: PartitionReader) -> bool:
    """Look once; an owner that is just starting or dying may be in the way."""
    try:
        return reader.refresh()
    except StateError:
        return True


def settle(reader: PartitionReader) -> None:
    """Look until there is nothing new, at most for some seconds."""
    end = time.monotonic() + 10.0
    while refreshed(reader) and time.monotonic() < end:
        time.sleep(0.01)


def test_a_reader_never_stays_behind_owners_that_are_killed(tmp_path):
    chance = random.Random(5)
    reader = PartitionReader(tmp_path)
    with owners(tmp_path) as process:
        for _ in range(KILLS):
            process.start(chance.choice((1, 5, 20)), chance.choice((0.0, 0.002)))
            for _ in range(chance.randrange(8)):
                refreshed(reader)
                time.sleep(chance.choice((0.0, 0.005, 0.02)))
            if chance.random() < 0.5:
                process.wait_until_idle()
                settle(reader)
                fresh = PartitionReader(tmp_path)
                assert fresh.refresh()
                assert reader.stored is not None
                assert fresh.stored is not None
                assert reader.stored.sequence == fresh.stored.sequence
                fresh.close()
            process.kill()
    settle(reader)
    assert reader.stored is not None
    expected = samples.state_after(reader.stored.sequence)
    assert samples.contents(reader.stored.state) == samples.contents(expected)
    reader.close()
