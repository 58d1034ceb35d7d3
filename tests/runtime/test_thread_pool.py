"""A pool of threads that all run from the start."""

import threading

from hcdv_stream.runtime.thread_pool import full_pool


def running(name):
    return sum(thread.name.startswith(name) for thread in threading.enumerate())


def test_all_threads_run_before_any_is_asked_for():
    with full_pool("full", 5) as pool:
        assert running("full") == 5
        assert list(pool.map(str, range(50))) == [str(number) for number in range(50)]
        assert running("full") == 5
    assert running("full") == 0
