"""Threads share few heaps."""

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from pathlib import Path
from hcdv_stream.runtime.malloc_arenas import limit_malloc_arenas

if sys.argv[1] == "limited":
    limit_malloc_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
together = threading.Barrier(6)

def allocate():
    together.wait()
    libc.malloc(5000)
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
file = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
print(Path(sys.argv[2]).read_text().count("<heap nr"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has arenas")
def test_threads_share_two_heaps(tmp_path) -> None:
    def heaps(how: str) -> int:
        command = [sys.executable, "-c", PROGRAM, how, str(tmp_path / "heaps")]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert heaps("limited") <= 2 < heaps("free")
