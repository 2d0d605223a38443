"""Samples of large data sets in a few arrays, which loader processes share: SynthText has 858,000 images."""

from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from tcm_core.data.sample import Sample, TextInstance
from tcm_core.geometry.orientation import ReadFrame


class _Strings:
    """Many strings in one; array-like, so that processes share them."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("q", [0])

    def append(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __getitem__(self, index: int) -> str:
        return self._bytes[self._ends[index] : self._ends[index + 1]].decode("utf-8", "surrogatepass")


class _Columns(NamedTuple):
    """N images with I texts of P vertices in all."""

    names: _Strings  # N
    image_ends: NDArray[np.int64]  # (N + 1,) texts before each image
    texts: _Strings  # I
    ends: NDArray[np.int64]  # (I + 1,) vertices before each text
    points: NDArray[np.float64] | NDArray[np.float32]  # (P, 2)
    ignored: NDArray[np.bool_]  # (I,)
    language: NDArray[np.uint16]  # (I,)
    languages: tuple[str, ...]

    def instances(self, image: int) -> tuple[TextInstance, ...]:
        first, last = int(self.image_ends[image]), int(self.image_ends[image + 1])
        return tuple(
            TextInstance(
                self.points[self.ends[index] : self.ends[index + 1]].astype(np.float64),
                self.texts[index],
                bool(self.ignored[index]),
                self.languages[self.language[index]],
            )
            for index in range(first, last)
        )


class PackedSamples(Sequence[Sample]):
    """Samples that are made when they are asked for; SamplePacker makes them.

    Attributes:
        root: what the names of the images count from.
        frame: of the texts.
    """

    def __init__(self, root: Path, frame: ReadFrame, columns: _Columns, rows: NDArray[np.int64]) -> None:
        self.root = root
        self.frame: ReadFrame = frame
        self._columns = columns
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "PackedSamples": ...
    def __getitem__(self, index: int | slice) -> "Sample | PackedSamples":
        if isinstance(index, slice):
            return PackedSamples(self.root, self.frame, self._columns, self._rows[index])
        row = int(self._rows[index])
        return Sample(self.root / self._columns.names[row], self._columns.instances(row), self.frame)

    def name(self, index: int) -> str:
        """The image's POSIX path from the root."""
        return self._columns.names[int(self._rows[index])]

    def legible_texts(self) -> int:
        """How many texts are not ignored."""
        before = np.concatenate([[0], np.cumsum(~self._columns.ignored)])
        ends = before[self._columns.image_ends]
        return int((ends[self._rows + 1] - ends[self._rows]).sum())

    def take(self, indices: Iterable[int]) -> "PackedSamples":
        """These samples only, in this order; nothing is copied."""
        rows = self._rows[np.fromiter(indices, dtype=np.int64)]
        return PackedSamples(self.root, self.frame, self._columns, rows)


class SamplePacker:
    """Takes samples one by one.

    Args:
        root: of the images.
        frame: of the texts.
    """

    def __init__(self, root: Path, frame: ReadFrame) -> None:
        self._root = root
        self._frame: ReadFrame = frame
        self._names, self._texts = _Strings(), _Strings()
        self._image_ends, self._ends = array("q", [0]), array("q", [0])
        self._points, self._ignored, self._language = array("d"), bytearray(), array("H")
        self._languages: dict[str, int] = {}

    def add(self, name: str, instances: Sequence[TextInstance]) -> None:
        """One image by its POSIX path from the root, and its texts."""
        for instance in instances:
            self._texts.append(instance.text)
            self._ignored.append(instance.ignore)
            self._language.append(self._languages.setdefault(instance.language, len(self._languages)))
            self._points.frombytes(np.ascontiguousarray(instance.polygon, dtype=np.float64).tobytes())
            self._ends.append(len(self._points) // 2)
        self._names.append(name)
        self._image_ends.append(len(self._ends) - 1)

    def finish(self) -> PackedSamples:
        """Everything that was added, in its order."""
        points = np.array(self._points, dtype=np.float64).reshape(-1, 2)
        narrow = points.astype(np.float32)
        columns = _Columns(
            self._names,
            np.array(self._image_ends, dtype=np.int64),
            self._texts,
            np.array(self._ends, dtype=np.int64),
            narrow if np.array_equal(narrow, points) else points,  # labels in whole pixels lose nothing
            np.array(self._ignored, dtype=np.bool_),
            np.array(self._language, dtype=np.uint16),
            tuple(self._languages),
        )
        rows = np.arange(len(self._image_ends) - 1, dtype=np.int64)
        return PackedSamples(self._root, self._frame, columns, rows)
