import random
import subprocess
import sys
import time
from pathlib import Path

from hcdv_stream.state import PartitionReader, PartitionStore
from tests.state import samples


def run_and_kill(directory, seconds):
    """Let an owner write for a while, kill it, and return the last update it saw durable."""
    command = [sys.executable, str(Path(samples.__file__)), str(directory), "100000", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        lines = [owner.stdout.readline()]
        time.sleep(seconds)
        owner.kill()
        lines += owner.stdout.readlines()
    complete = [line for line in lines if line.endswith("\n")]
    return int(complete[-1].split()[0])


def test_a_killed_owner_leaves_one_complete_update(tmp_path):
    rng = random.Random(3)
    before = 0
    for _ in range(6):
        durable = run_and_kill(tmp_path, rng.uniform(0.0, 0.15))
        reader = PartitionReader(tmp_path)
        assert reader.refresh()
        with PartitionStore.open(tmp_path, identity=samples.IDENTITY) as store:
            stored = store.load()
        assert stored.sequence in (durable, durable + 1)  # it may die before it can say so
        assert stored.sequence > before
        expected = samples.contents(samples.state_after(stored.sequence))
        assert samples.contents(stored.state) == expected
        assert stored.position.next_offset == stored.sequence * 150
        assert samples.contents(reader.stored.state) == expected
        before = stored.sequence
