"""The kept maps of images on disk: bounded, atomic, never needed, as detecting again makes them again."""

import hashlib
import io
import json
import logging
import os
import re
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tcm_core.config.model import HeadName
from tcm_core.data.atomic_file import write_atomic
from tcm_core.decode.maps import ImageMaps
from tcm_core.errors import TcmError
from tcm_core.geometry.frame import ImageFrame

SUFFIX: Final = ".npz"
KEPT_SHARE: Final = 0.9  # of the limit, when something had to go: not every put has to look for old files
_DEFLATE_LEVEL: Final = 1  # a tenth larger than the default and three times as fast
_KEY: Final = re.compile(r"[0-9A-Za-z_-]{1,128}")
_BROKEN: Final = (  # what zipfile, numpy and json raise on a file with wrong bytes in it
    ValueError,
    LookupError,
    TypeError,
    EOFError,
    OSError,
    RuntimeError,
    MemoryError,
    SyntaxError,  # the header of an array is written like Python
    tokenize.TokenError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
_PLANE: Final = "plane."
_VALUES: Final = "values."
_HEADS: Final[dict[str, HeadName]] = {"db": "db", "pan": "pan", "fce": "fce"}

_log = logging.getLogger(__name__)


def map_key(image: str, checkpoint_hash: str) -> str:
    """The key of the maps of one image by one checkpoint.

    Args:
        image: what tells the image's content, such as its hash, or its path, size and time.
        checkpoint_hash: of the checkpoint that made the maps.
    """
    content = f"{len(image)}:{image}{checkpoint_hash}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()[:40]


class MapCache:
    """Files of maps in a folder. A broken one counts as absent and is removed; a full disk costs speed.

    Any thread may use it.
    """

    def __init__(self, root: Path, limit_bytes: float = 5e9) -> None:
        self._root = root
        self._limit_bytes = limit_bytes
        self._total: int | None = None  # bytes in the folder; None until it was looked at

    def set_limit(self, limit_bytes: float) -> None:
        """Keep at most this much from now on; what is too much goes when maps are kept next."""
        self._limit_bytes = limit_bytes

    def put(self, key: str, maps: ImageMaps) -> bool:
        """Keep the maps, letting the least recently used go; whether they are kept.

        Raises:
            ValueError: the key is not one of `map_key`.
        """
        path = self._path(key)
        content = _packed(maps)
        if len(content) > self._limit_bytes:
            return False
        try:
            before = path.stat().st_size if path.exists() else 0
            write_atomic(path, content)
            known = self._total  # read once: another thread may forget it meanwhile
            total = self._counted() if known is None else known + len(content) - before
            self._total = self._trimmed(path) if total > self._limit_bytes else total
        except (TcmError, OSError) as error:
            _log.info("maps not kept: %s", error)
            self._total = None
            return False
        return True

    def get(self, key: str) -> ImageMaps | None:
        """The maps, or None when they are not there or cannot be read.

        Raises:
            ValueError: the key is not one of `map_key`.
        """
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        try:
            maps = _unpacked(content)
        except _BROKEN as error:
            _log.info("broken maps removed: %s: %s", path, error)
            self._total = None
            _remove(path)
            return None
        try:
            os.utime(path)
        except OSError as error:
            _log.info("use of maps not noted: %s", error)
        return maps

    def size_of(self, key: str) -> int:
        """Bytes that the maps take on the disk; 0 when they are not kept.

        Raises:
            ValueError: the key is not one of `map_key`.
        """
        try:
            return self._path(key).stat().st_size
        except OSError:
            return 0

    def remove(self, key: str) -> None:
        """Let maps go.

        Raises:
            ValueError: the key is not one of `map_key`.
        """
        self._total = None
        _remove(self._path(key))

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is not a key of maps")
        return self._root / key[:2] / f"{key}{SUFFIX}"

    def _counted(self) -> int:
        return sum(path.stat().st_size for path in self._root.glob(f"*/*{SUFFIX}"))

    def _trimmed(self, newest: Path) -> int:
        """Remove the least recently used files, never the newest one; the bytes that are left."""
        files = []
        for path in self._root.glob(f"*/*{SUFFIX}"):
            status = path.stat()
            files.append((path == newest, status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, _, size, _ in files)
        for is_newest, _, size, path in sorted(files):
            if is_newest or total <= self._limit_bytes * KEPT_SHARE:
                break
            _remove(path)
            total -= size
        return total


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # another program has it open
        _log.info("maps not removed: %s", error)


def _packed(maps: ImageMaps) -> bytes:
    """The content of an .npz file that numpy.load reads too."""
    frame = maps.frame
    about = {
        "head": maps.head,
        "planes": list(maps.planes),
        "values": list(maps.values),
        "image_size": frame.image_size,
        "content_size": frame.content_size,
        "network_size": frame.network_size,
    }
    arrays: dict[str, NDArray[np.generic]] = {
        "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
        "language": maps.language,
    }
    arrays.update({_PLANE + name: plane for name, plane in maps.planes.items()})
    arrays.update({_VALUES + name: values for name, values in maps.values.items()})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_DEFLATE_LEVEL) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _unpacked(content: bytes) -> ImageMaps:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        planes = {name: _plane(arrays[_PLANE + name]) for name in about["planes"]}
        values = {name: _values(arrays[_VALUES + name]) for name in about.get("values", [])}
        language = _plane(arrays["language"])
    frame = ImageFrame(_size(about["image_size"]), _size(about["content_size"]), _size(about["network_size"]))
    return ImageMaps(_HEADS[about["head"]], frame, language, planes, values)


def _plane(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    if array.dtype != np.uint8 or array.ndim != 2:
        raise ValueError(f"a map is {array.dtype} of shape {array.shape}")
    return array.astype(np.uint8, copy=False)


def _values(array: NDArray[np.generic]) -> NDArray[np.float16]:
    if array.dtype != np.float16 or array.ndim != 3:
        raise ValueError(f"values are {array.dtype} of shape {array.shape}")
    return array.astype(np.float16, copy=False)


def _size(value: object) -> tuple[int, int]:
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(side, int) for side in value)):
        raise ValueError(f"{value!r} is not a size")
    return value[0], value[1]
