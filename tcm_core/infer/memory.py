"""Memory of large maps kept between passes."""

import ctypes
import sys
from typing import Final

_MMAP_MAX: Final = -4
_TRIM_THRESHOLD: Final = -1
_NEVER: Final = 2**31 - 1


def keep_large_maps() -> bool:
    """Lets this process keep the memory of one pass for the next one; for processes that detect and end.

    GNU's allocator maps blocks of over 32 MB anew each time and gives them back, and the kernel clears every
    page again: a quarter of the time of a pass over a large photograph. The process stays as large as its
    largest pass. Where there is another allocator this does nothing.

    Returns:
        Whether it was done.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # not GNU's C library
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, _NEVER))
