"""SQLite's write-ahead log, looked at for damage that SQLite passes over without a word.

Of a log that a killed program left, SQLite takes what comes before the first frame whose checksum is wrong:
that is how it knows where the last write was cut off. A byte that changed in the middle takes all later steps
along. The layout is that of "WAL-mode File Format" in SQLite's documentation.
"""

import struct
from itertools import pairwise
from pathlib import Path
from typing import Final

_HEADER: Final = 32
_FRAME: Final = 24
_MAGIC: Final = (0x377F0682, 0x377F0683)
"""Of checksums over little-endian and big-endian words."""
_PAGE_SIZES: Final = frozenset(1 << power for power in range(9, 17))
_MASK: Final = 0xFFFFFFFF

Sums = tuple[int, int]


def is_damaged(wal: Path) -> bool:
    """Whether finished steps stand behind a place in a log that SQLite will not read beyond.

    A log that ends too early cannot be told from one whose program was killed earlier.

    Raises:
        OSError: it cannot be read.
    """
    content = wal.read_bytes()
    if len(content) <= _HEADER:
        return False
    magic, _, page, _, *salts = struct.unpack(">6I", content[:24])
    if magic not in _MAGIC or page not in _PAGE_SIZES:
        return True
    order = "<" if magic == _MAGIC[0] else ">"
    sums = _added((0, 0), content[:24], order)
    if sums != struct.unpack(">2I", content[24:_HEADER]):
        return True
    salt = content[16:24]
    for start, end in pairwise(range(_HEADER, len(content) + 1, _FRAME + page)):
        frame = memoryview(content)[start:end]
        _, committed, *rest = struct.unpack(">6I", frame[:_FRAME])
        sums = _added(_added(sums, frame[:8], order), frame[_FRAME:], order)
        if rest[:2] != salts or tuple(rest[2:]) != sums:
            whole = committed and rest[:2] == salts and end + _FRAME + page > len(content)
            return bool(whole) or _steps_follow(content, salt, start + 16)
    return False


def _steps_follow(content: bytes, salt: bytes, start: int) -> bool:
    """Whether there are frames that end a step, of this log and not of the one before, wherever they lie."""
    while (start := content.find(salt, start)) >= 0:
        if content[start - 4 : start] != bytes(4):
            return True
        start += len(salt)
    return False


def _added(sums: Sums, content: bytes | memoryview, order: str) -> Sums:
    first, second = sums
    words = struct.iter_unpack(f"{order}2I", content)
    for one, other in words:
        first = (first + one + second) & _MASK
        second = (second + other + first) & _MASK
    return first, second
