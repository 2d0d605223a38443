"""Large blocks of memory go back to the system as soon as nobody needs them."""

import ctypes
import sys
from typing import Final

_M_MMAP_THRESHOLD: Final = -3  # of mallopt(3)
LARGE: Final = 128 * 1024  # bytes


def give_back_large_blocks() -> None:
    """Let every large block be a mapping of its own, which ends with it; elsewhere than with glibc: nothing.

    glibc raises the limit above which blocks are mappings whenever one is freed, up to 32 MB. Pictures that
    come and go then lie between small things that stay, and the holes that they leave are not given back:
    of a walk through small photographs, memory grew for thousands of pages after the cache was full.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)
    except (OSError, AttributeError):
        return  # another C library
