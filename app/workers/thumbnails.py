"""Small pictures for the page list, decoded no larger than needed and kept on disk when asked."""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from app.workers.reading import read_picture
from tcm_core.errors import BadImage

QT_MAX_PIXELS: Final = 50_000_000
"""Larger pictures that Qt would decode whole are left to read_picture: Qt refuses above 256 MB."""
KEPT_FILES: Final = 50_000


def read_thumbnail(path: Path, edge: int, folder: Path | None = None) -> QImage:
    """The picture in the view frame (RGB888), shrunk to fit a square; never enlarged.

    Args:
        path: the image file.
        edge: side of the square in pixels.
        folder: where thumbnails are kept between runs; None: nowhere.

    Raises:
        BadImage: as read_picture.
    """
    kept = None if folder is None else _kept_file(path, edge, folder)
    if kept is not None and kept.is_file():
        image = QImage(str(kept))
        if not image.isNull():
            return image.convertToFormat(QImage.Format.Format_RGB888)
    image = _fast_thumbnail(path, edge)
    if image.isNull():
        image = _exact_thumbnail(path, edge)
    if kept is not None:
        _keep(image, kept)
    return image


def to_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """A QImage (RGB888) that owns a copy of the pixels.

    Args:
        pixels: (H, W, 3) RGB, contiguous.
    """
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def prune(folder: Path, limit: int = KEPT_FILES) -> None:
    """Remove the oldest thumbnails above a number of files; what cannot be removed stays."""
    with suppress(OSError):
        files = [(entry.stat().st_mtime_ns, entry.path) for entry in os.scandir(folder) if entry.is_file()]
        for _, name in sorted(files)[: max(0, len(files) - limit)]:
            Path(name).unlink(missing_ok=True)


def _fast_thumbnail(path: Path, edge: int) -> QImage:
    """By Qt, which decodes a JPEG at an eighth of its size; null where read_picture has to do it."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    # the other formats: deep greys and alpha are converted by read_picture only
    if bytes(reader.format().data()) != b"jpeg" or not size.isValid():
        return QImage()
    if size.width() * size.height() > QT_MAX_PIXELS or not _is_whole(path):
        return QImage()
    if max(size.width(), size.height()) > edge:
        small = size.scaled(QSize(edge, edge), Qt.AspectRatioMode.KeepAspectRatio)
        reader.setScaledSize(small.expandedTo(QSize(1, 1)))
    return reader.read().convertToFormat(QImage.Format.Format_RGB888)


def _is_whole(path: Path) -> bool:
    """Whether a JPEG has its end marker near the end; Qt would show half a picture without a word."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            return b"\xff\xd9" in file.read()
    except OSError:
        return False


def _exact_thumbnail(path: Path, edge: int) -> QImage:
    pixels = read_picture(path)
    height, width = pixels.shape[:2]
    scale = edge / max(height, width)
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return to_qimage(pixels)


def _kept_file(path: Path, edge: int, folder: Path) -> Path:
    """Raises BadImage when the image is not there."""
    try:
        stat = path.stat()
    except OSError as error:
        raise BadImage(f"{path}: no such file. Was it moved or renamed?") from error
    name = f"{path.absolute()}\n{stat.st_size}\n{stat.st_mtime_ns}\n{edge}"
    return folder / (hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:32] + ".png")


def _keep(image: QImage, kept: Path) -> None:
    """Write it through a temporary file; a full or read-only disk only costs the speed."""
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".png", dir=kept.parent)
        os.close(handle)
        if image.save(name):
            Path(name).replace(kept)
        else:
            Path(name).unlink(missing_ok=True)
