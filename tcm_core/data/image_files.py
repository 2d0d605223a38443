"""Which files are images, by their names; nothing here opens one, so no decoder is imported."""

import os
import re
from pathlib import Path
from typing import Final

from tcm_core.errors import BadImage

IMAGE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif"}
)
"""Names that end so (in any case) are taken for images; what is inside decides how they are read."""


def is_image_file(path: Path) -> bool:
    """Whether the name says that this is an image; the file is not looked at."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def list_images(root: Path) -> list[Path]:
    """Every image below a folder, sub-folders included, in natural order (img_2 before img_10).

    Hidden files and folders (names that begin with a dot) are skipped and links to folders are not followed.

    Raises:
        BadImage: root is not a folder that can be listed.
    """
    if not root.is_dir():
        raise BadImage(f"{root}: no such folder. Choose an existing folder of images.")
    try:
        next(iter(root.iterdir()), None)
    except OSError as error:
        raise BadImage(
            f"{root}: the folder cannot be listed ({error.strerror}). Check its permissions."
        ) from error
    found: list[Path] = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        found.extend(path for name in names if is_image_file(path := Path(folder, name)))
    return sorted(found, key=lambda path: natural_key(path.relative_to(root).as_posix()))


def natural_key(name: str) -> tuple[tuple[tuple[str, int], ...], str]:
    """A sort key that compares runs of digits as numbers, letters without case, folder by folder."""
    pieces = re.findall(r"\d+|/|[^\d/]+", name.casefold())
    # "/" sorts before everything, so that a folder's files stay together
    key = tuple(
        ("0", int(piece)) if piece.isdecimal() else ("" if piece == "/" else "1" + piece, 0)
        for piece in pieces
    )
    return key, name
