"""Fonts found on this machine; none is shipped, since each has its own licence."""

import os
import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from fontTools.ttLib import TTFont, TTLibError
from PIL import ImageFont, features

from tcm_core.config.synth import FontConfig, ScriptName
from tcm_core.data.synth.scripts import SCRIPTS
from tcm_core.errors import TcmError

MAX_FONT_BYTES: Final = 64_000_000
"""Larger files are left out; the largest fonts of Debian's packages have 27 million bytes."""

_SUFFIXES: Final = frozenset({".ttf", ".otf", ".ttc"})
_READING_ERRORS: Final = (
    OSError, TTLibError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError,
    MemoryError, EOFError,
)  # fmt: skip
"""What fontTools raises on damaged files."""
_NEEDED_SHARE: Final = 0.9  # of a script's alphabet, for a font to be one of that script
_NOT_FOR_TEXT: Final = (
    "emoji", "symbol", "dingbat", "d050000", "music", "math", "icon", "awesome", "signwriting",
)  # fmt: skip


class FontFace(NamedTuple):
    """A font file with the characters that it draws.

    Attributes:
        path: the file.
        family: the file's name up to the first hyphen, which tells most families apart.
        runs: first code point of each run of characters, then one past its last, and so on; ascending.
    """

    path: str
    family: str
    runs: tuple[int, ...]

    def draws(self, characters: Iterable[str]) -> bool:
        """Whether the font has a glyph for each of the characters; blanks count as drawn."""
        return all(bisect_right(self.runs, ord(c)) % 2 == 1 for c in characters if not c.isspace())

    def share_of(self, characters: frozenset[str]) -> float:
        """The share of the characters that the font draws."""
        return sum(self.draws(c) for c in characters) / max(1, len(characters))


class FontShelf(NamedTuple):
    """Faces by script, each script's grouped by family."""

    families: dict[ScriptName, tuple[tuple[FontFace, ...], ...]]

    def draw(self, script: ScriptName, characters: str, random: np.random.Generator) -> FontFace | None:
        """A face that draws all of the characters, each family equally likely; None when a few tries fail."""
        families = self.families[script]
        for _ in range(8):
            family = families[random.integers(len(families))]
            face = family[random.integers(len(family))]
            if face.draws(characters):
                return face
        return None


def find_fonts(config: FontConfig, scripts: Sequence[ScriptName]) -> FontShelf:
    """The faces for each of the scripts.

    Raises:
        TcmError: a named folder does not exist, or no font draws one of the scripts; packages are named.
    """
    for folder in config.folders:
        if not folder.is_dir():
            raise TcmError(f"{folder}: no such folder of fonts. Check `folders` under [fonts].")
    folders = config.folders or system_folders()
    faces = [face for path in font_files(folders) if (face := read_face(path)) is not None]
    return FontShelf({script: _for_script(script, faces, folders, config) for script in scripts})


def system_folders() -> tuple[Path, ...]:
    """Where this system keeps fonts, existing folders only."""
    home = Path.home()
    if sys.platform == "darwin":
        folders = [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    elif sys.platform == "win32":
        folders = [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"]
    else:
        shared = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
        folders = [
            Path("/usr/share/fonts"),
            Path("/usr/local/share/fonts"),
            shared / "fonts",
            home / ".fonts",
        ]
    return tuple(folder for folder in folders if folder.is_dir())


def read_face(path: Path) -> FontFace | None:
    """The face of a file (of a collection its first); None when it is damaged, empty or too large."""
    try:
        state = path.stat()
    except OSError:
        return None
    return None if state.st_size > MAX_FONT_BYTES else _read(path, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _read(path: Path, _changed_ns: int) -> FontFace | None:
    """See read_face; hundreds of fonts take a second to read, and seldom change."""
    try:
        with path.open("rb") as file, TTFont(file, lazy=True, fontNumber=0) as font:
            characters = sorted((font["cmap"].getBestCmap() if "cmap" in font else None) or ())
    except _READING_ERRORS:
        return None
    if not characters:
        return None
    codes = np.array(characters)
    breaks = np.flatnonzero(np.diff(codes) > 1)
    firsts = np.concatenate([codes[:1], codes[breaks + 1]])
    ends = np.concatenate([codes[breaks], codes[-1:]]) + 1
    runs = tuple(np.stack([firsts, ends], axis=1).ravel().tolist())
    return FontFace(str(path), path.stem.split("-")[0], runs)


@lru_cache(maxsize=512)
def load_font(path: str, size: int, joined: bool) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels, kept for the next text; `joined` asks for the shaping engine.

    Raises:
        OSError: the file is gone or damaged.
    """
    layout = ImageFont.Layout.RAQM if joined else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, layout_engine=layout)


def font_files(folders: Sequence[Path]) -> list[Path]:
    """The font files below the folders by name, so that the order is the same on every machine."""
    found = {
        Path(place, name)
        for folder in folders
        for place, _, names in os.walk(folder)
        for name in names
        if Path(name).suffix.lower() in _SUFFIXES and not any(word in name.lower() for word in _NOT_FOR_TEXT)
    }
    return sorted(found, key=lambda path: (path.name, str(path)))


def _for_script(
    name: ScriptName, faces: Sequence[FontFace], folders: Sequence[Path], config: FontConfig
) -> tuple[tuple[FontFace, ...], ...]:
    script = SCRIPTS[name]
    if script.joined and not features.check("raqm"):
        raise TcmError(
            f"{name} needs a shaping engine, which this build of Pillow lacks (raqm). "
            "Install libfribidi0, or leave the script out."
        )
    alphabet = script.alphabet()
    families: dict[str, list[FontFace]] = {}
    for face in faces:
        if face.share_of(alphabet) >= _NEEDED_SHARE:
            families.setdefault(face.family, []).append(face)
    if not families:
        places = ", ".join(str(folder) for folder in folders) or "the system's folders of fonts"
        raise TcmError(
            f"no font for {name} in {places}. Install some (Debian and Ubuntu: apt install "
            f"{script.package}; for more variety fonts-dejavu fonts-liberation fonts-noto-core "
            "fonts-urw-base35), or name a folder of fonts under [fonts] in the configuration."
        )
    return _spread(list(families.values()), config.per_script)


def _spread(families: list[list[FontFace]], limit: int) -> tuple[tuple[FontFace, ...], ...]:
    """At most so many faces: the first of every family, then the second of every family, and so on."""
    kept: list[list[FontFace]] = [[] for _ in families]
    left = limit
    for rank in range(max(len(family) for family in families)):
        for index, family in enumerate(families):
            if rank < len(family) and left > 0:
                kept[index].append(family[rank])
                left -= 1
    return tuple(tuple(family) for family in kept if family)
