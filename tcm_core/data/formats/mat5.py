"""MATLAB files of version 5 (up to -v7), read value by value so that a large cell array is never held whole.

What a reader of labels needs: numbers, characters and cells. Structures, objects and sparse arrays are
skipped. Every size that the file claims is checked before anything is allocated.

Source: "MAT-File Format", MathWorks: level 5 files.
"""

import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tcm_core.data.formats.lines import Malformed

MAX_VALUE_BYTES: Final = 64_000_000
"""Of one value that is handed out whole: an entry of a cell array that is iterated, or a small variable."""
MAX_DEPTH: Final = 8
"""Of cells in cells."""

_SAVE_AGAIN: Final = "Save it again with MATLAB's save -v7 or scipy.io.savemat."
_MATRIX, _COMPRESSED = 14, 15
_CELL, _CHAR = 1, 4
_NUMERIC: Final = range(6, 16)
_NUMBER_TYPES: Final = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_TEXT_TYPES: Final = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CHUNK: Final = 1 << 16
_NOTHING: Final[NDArray[Any]] = np.zeros(0)


class Cell(NamedTuple):
    """A cell array: its sizes, and its entries in MATLAB's order (the first index runs fastest)."""

    shape: tuple[int, ...]
    entries: tuple[Any, ...]


Value: TypeAlias = NDArray[Any] | tuple[str, ...] | Cell | None
"""Numbers (shaped as in MATLAB), the rows of a character array, a cell array, or None: something else."""


class _Variable(NamedTuple):
    name: str
    offset: int  # of the element's tag in the file
    size: int  # of the element behind the tag


class _Array(NamedTuple):
    kind: int  # MATLAB's array class
    shape: tuple[int, ...]
    name: str
    size: int  # bytes of the matrix that are still to be read
    complex: bool


class MatFile:
    """The variables of one file; each iteration over one has its own place in the file.

    Raises:
        Malformed: in every method, when the file is damaged or of another version.
        OSError: it cannot be read.
    """

    def __init__(self, source: Path | bytes) -> None:
        """Read the names of the variables of a file, or of its content; nothing else is read."""
        self._source = source
        with self._file() as file:
            head = file.read(128)
            if head.startswith((b"\x89HDF", b"MATLAB 7.3")):
                raise Malformed("saved as MATLAB 7.3, which is another format", _SAVE_AGAIN)
            mark = head[126:128]
            if len(head) < 128 or mark not in (b"IM", b"MI"):
                raise Malformed("not a MATLAB file of version 5", _SAVE_AGAIN)
            self._order = "<" if mark == b"IM" else ">"
            self._variables = {variable.name: variable for variable in self._scan(file)}

    @property
    def names(self) -> frozenset[str]:
        """The names of the variables."""
        return frozenset(self._variables)

    def value(self, name: str) -> Value:
        """A whole variable of at most MAX_VALUE_BYTES."""
        with self._opened(name) as stream:
            return self._read_value(stream, 0)

    def entries(self, name: str) -> Iterator[Value]:
        """The entries of a cell variable one by one; one is held at a time."""
        with self._opened(name) as stream:
            array = self._read_array(stream)
            if array.kind != _CELL:
                raise Malformed(f"variable {name!r} is no cell array", _SAVE_AGAIN)
            for _ in range(_count(array)):
                yield self._read_value(stream, 1)

    def _file(self) -> IO[bytes]:
        return io.BytesIO(self._source) if isinstance(self._source, bytes) else self._source.open("rb")

    def _scan(self, file: IO[bytes]) -> Iterator[_Variable]:
        offset = 128
        end = file.seek(0, io.SEEK_END)
        while offset + 8 <= end:
            file.seek(offset)
            kind, size = struct.unpack(f"{self._order}II", file.read(8))
            if kind not in (_MATRIX, _COMPRESSED) or offset + 8 + size > end:
                raise Malformed(f"damaged or cut off at byte {offset}", "Copy it again from its source.")
            name = self._read_array(self._stream(file, offset, size)).name
            yield _Variable(name, offset, size)
            offset += 8 + size

    @contextmanager
    def _opened(self, name: str) -> Iterator["_Stream"]:
        variable = self._variables.get(name)
        if variable is None:
            raise Malformed(f"no variable {name!r} in it", "Check that this is the format that was named.")
        with self._file() as file:
            yield self._stream(file, variable.offset, variable.size)

    def _stream(self, file: IO[bytes], offset: int, size: int) -> "_Stream":
        """What reads the element at the offset, from its matrix tag on."""
        file.seek(offset)
        kind = struct.unpack(f"{self._order}I", file.read(4))[0]
        if kind == _COMPRESSED:
            file.seek(offset + 8)
            return _Stream(file, self._order, size, zlib.decompressobj())
        file.seek(offset)
        return _Stream(file, self._order, size + 8, None)

    def _read_array(self, stream: "_Stream") -> _Array:
        """The header of the matrix that comes next."""
        kind, size, _ = stream.tag()
        if kind != _MATRIX:
            raise Malformed("damaged: no array where one must be", _SAVE_AGAIN)
        if size == 0:  # how an empty cell is written
            return _Array(6, (0, 0), "", 0, complex=False)
        start = stream.taken
        flags = stream.numbers(16).tolist()
        shape = tuple(stream.numbers(1024).tolist())
        whole = all(isinstance(value, int) for value in (*flags, *shape))
        if not whole or not flags or len(shape) < 2 or min(shape) < 0:
            raise Malformed("damaged: an array without sizes", _SAVE_AGAIN)
        name = bytes(stream.element(1024)[1]).decode("latin-1")
        rest = size - (stream.taken - start)
        if rest < 0:
            raise Malformed("damaged: an array is longer than it says", _SAVE_AGAIN)
        return _Array(flags[0] & 0xFF, shape, name, rest, complex=bool(flags[0] & 0x800))

    def _read_value(self, stream: "_Stream", depth: int) -> Value:
        array = self._read_array(stream)
        if array.size > MAX_VALUE_BYTES:
            raise Malformed(f"one value has {array.size:,} bytes, which no labels have", _SAVE_AGAIN)
        if depth > MAX_DEPTH:
            raise Malformed("cells nested too deeply for labels", _SAVE_AGAIN)
        start = stream.taken
        value: Value = None
        if array.kind == _CELL:
            entries = tuple(self._read_value(stream, depth + 1) for _ in range(_count(array)))
            value = Cell(array.shape, entries)
        elif array.size == 0:
            value = _NOTHING
        elif array.kind == _CHAR:
            value = _rows(stream.characters(array.size), array.shape)
        elif array.kind in _NUMERIC and not array.complex:
            value = _shaped(stream.numbers(array.size), array.shape)
        rest = array.size - (stream.taken - start)
        if rest < 0:
            raise Malformed("damaged: an array is longer than it says", _SAVE_AGAIN)
        stream.skip(rest)
        return value


class _Stream:
    """Reads the elements of one variable one after another, unpacking as it goes."""

    def __init__(self, file: IO[bytes], order: str, size: int, unpacker: Any) -> None:
        """Start at the file's position; size bytes of the file belong to the variable."""
        self._file = file
        self._order = order
        self._left = size
        self._unpacker = unpacker
        self._waiting = b""
        self.taken = 0
        """Bytes handed out, unpacked."""

    def tag(self) -> tuple[int, int, bytes]:
        """(type, size, the data when it stands in the tag itself) of the next element."""
        head = self._read(8)
        kind, size = struct.unpack(f"{self._order}II", head)
        if kind >> 16:
            size = kind >> 16
            if size > 4:
                raise Malformed("damaged: a short element is too long", _SAVE_AGAIN)
            return kind & 0xFFFF, size, head[4 : 4 + size]
        return kind, size, b""

    def element(self, limit: int) -> tuple[int, bytes]:
        """(type, data) of the next element; its data must not be longer than the limit."""
        kind, size, data = self.tag()
        if data:
            return kind, data
        if size > limit:
            raise Malformed("damaged: an element is longer than its array", _SAVE_AGAIN)
        data = self._read(size)
        self.skip(-size % 8)
        return kind, data

    def numbers(self, limit: int) -> NDArray[Any]:
        """The next element as numbers, flat."""
        kind, data = self.element(limit)
        code = _NUMBER_TYPES.get(kind)
        if code is None or len(data) % int(code[1]):
            raise Malformed("damaged: numbers of an unknown kind", _SAVE_AGAIN)
        return np.frombuffer(data, dtype=np.dtype(f"{self._order}{code}"))

    def characters(self, limit: int) -> str:
        """The next element as characters, in MATLAB's order."""
        kind, data = self.element(limit)
        if kind in _TEXT_TYPES:
            ending = "" if kind == 16 else ("-le" if self._order == "<" else "-be")
            return data.decode(_TEXT_TYPES[kind] + ending, errors="replace")
        code = _NUMBER_TYPES.get(kind)
        if code is None or code[0] == "f" or len(data) % int(code[1]):
            raise Malformed("damaged: characters of an unknown kind", _SAVE_AGAIN)
        codes = np.frombuffer(data, dtype=np.dtype(f"{self._order}{code}"))
        return codes.astype(np.uint16).astype("<u2").tobytes().decode("utf-16-le", errors="replace")

    def skip(self, size: int) -> None:
        """Leave out so many bytes."""
        while size > 0:
            size -= len(self._read(min(size, _CHUNK)))

    def _read(self, size: int) -> bytes:
        data = self._unpack(size) if self._unpacker is not None else self._take(size)
        if len(data) < size:
            raise Malformed("cut off in the middle", "Copy it again from its source.")
        self.taken += size
        return data

    def _take(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data

    def _unpack(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size > 0:
            packed = self._waiting or self._take(_CHUNK)
            if not packed or self._unpacker.eof:
                break
            try:
                piece = self._unpacker.decompress(packed, size)
            except zlib.error as error:
                raise Malformed(f"damaged: {error}", "Copy it again from its source.") from error
            self._waiting = self._unpacker.unconsumed_tail
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


def _count(array: _Array) -> int:
    count = math.prod(array.shape)
    if count * 8 > array.size:  # each entry has at least a tag
        raise Malformed("damaged: more entries than bytes", _SAVE_AGAIN)
    return count


def _rows(characters: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """The rows of a character array, without the blanks that fill them up at the end."""
    rows = shape[0]
    if len(shape) != 2 or rows * shape[1] != len(characters) or rows == 0:
        return (characters,) if characters else ()
    return tuple(characters[row::rows].rstrip(" ") for row in range(rows))


def _shaped(numbers: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if math.prod(shape) != numbers.size:
        raise Malformed("damaged: the count of numbers and the sizes differ", _SAVE_AGAIN)
    if len(shape) > 16:
        raise Malformed("damaged: too many dimensions", _SAVE_AGAIN)
    return numbers.reshape(shape, order="F")
