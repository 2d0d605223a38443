"""Memory of pictures that come and go beside small things that stay."""

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys
from app.large_blocks import give_back_large_blocks
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
if sys.argv[1] == "given back":
    give_back_large_blocks()
libc.free(libc.malloc(30_000_000))  # a large picture: from here on glibc would keep all smaller ones
blocks = []
for _ in range(200):
    blocks.append(libc.malloc(300_000))
    ctypes.memset(blocks[-1], 1, 300_000)
    libc.malloc(2_000)  # stays
for block in blocks:
    libc.free(block)
import psutil
print(psutil.Process().memory_info().rss // 1_000_000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_what_pictures_leave_between_small_things_goes_back_to_the_system():
    kept, given_back = (
        int(subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, check=True).stdout)
        for how in ("as it is", "given back")
    )
    assert given_back < kept - 40
