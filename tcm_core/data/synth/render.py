"""A block of text drawn flat: black letters on nothing, and the box of each word's ink.

Flat pixels are those of a sheet of paper that is later bent and held into the scene; (0, 0) is the top-left
corner of its top-left pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tcm_core.config.synth import ScriptName
from tcm_core.data.synth.fonts import FontFace, load_font
from tcm_core.data.synth.scripts import SCRIPTS
from tcm_core.data.synth.words import Words

INK_LEVEL: Final = 96
"""A pixel that letters cover by this much (of 255) counts as ink; boxes are drawn around such pixels."""

MAX_SIDE: Final = 8192
"""Blocks that would be larger are not drawn."""

_SHEET_MARGIN: Final = 2  # empty pixels around everything, for the smoothed edges


class Box(NamedTuple):
    """An upright box in flat pixels; edges, not pixel indices."""

    x0: float
    y0: float
    x1: float
    y1: float

    def grown(self, by: float) -> "Box":
        """The box with every side moved outwards."""
        return Box(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by)


class Setting(NamedTuple):
    """How a block is set; lengths in flat pixels.

    Attributes:
        size: font size.
        word_gap: between the ink of neighbouring words.
        line_gap: between the ink of neighbouring lines.
        spacing: added between letters; only for scripts whose letters do not join.
        outline: width of the outline around the letters, 0 for none.
        plate: how far a plate reaches beyond the ink, None for no plate.
        align: 0 left, 0.5 centred, 1 right.
    """

    size: int
    word_gap: float
    line_gap: float
    spacing: float = 0.0
    outline: int = 0
    plate: float | None = None
    align: float = 0.5


@dataclass(frozen=True, eq=False)
class Lettering:
    """A block drawn flat.

    Attributes:
        layers: (H, W, 3): how much letters cover each pixel, letters with their outline, and the plate.
        word_boxes: per line, the box of each word's ink (outline included), in reading order.
        line_boxes: the box of each line's ink.
        words: what is written in word_boxes.
    """

    layers: NDArray[np.uint8]
    word_boxes: tuple[tuple[Box, ...], ...]
    line_boxes: tuple[Box, ...]
    words: Words

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the sheet."""
        return self.layers.shape[0], self.layers.shape[1]


class _Glyphs(NamedTuple):
    """One drawn word: its pixels from the first to the last one with ink, and where they lie."""

    pixels: NDArray[np.uint8]
    top: int  # of the pixels, against the baseline


def letter(words: Words, face: FontFace, setting: Setting) -> Lettering | None:
    """The block drawn flat, or None when a word leaves no ink or the block would be too large.

    Raises:
        OSError: the font file is gone or damaged.
    """
    script = SCRIPTS[words.script]
    font = load_font(face.path, setting.size, script.joined)
    lines = []
    for line in words.lines:
        glyphs = [_draw(word, font, 0.0 if script.joined else setting.spacing) for word in line]
        drawn = [glyph for glyph in glyphs if glyph is not None]
        if len(drawn) < len(glyphs):
            return None
        lines.append(drawn)
    sheet = _lay_out(lines, words, setting)
    if sheet is None:
        return None
    fill, word_boxes = sheet
    line_boxes = tuple(_around(boxes) for boxes in word_boxes)
    return Lettering(_layers(fill, _around(line_boxes), setting), word_boxes, line_boxes, words)


def _draw(word: str, font: ImageFont.FreeTypeFont, spacing: float) -> _Glyphs | None:
    """The word alone on a sheet just large enough; None when there is no ink."""
    left, top, right, bottom = (int(value) for value in font.getbbox(word, anchor="ls"))
    margin = 2
    width = right - left + 2 * margin + round(spacing * (len(word) - 1)) + (len(word) if spacing else 0)
    height = bottom - top + 2 * margin
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE:
        return None
    sheet = Image.new("L", (width, height))
    pen = ImageDraw.Draw(sheet)
    x, baseline = float(margin - left), margin - top
    if spacing:
        for character in word:
            pen.text((x, baseline), character, fill=255, font=font, anchor="ls")
            x += font.getlength(character) + spacing
    else:
        pen.text((x, baseline), word, fill=255, font=font, anchor="ls")
    pixels = np.asarray(sheet)
    ink = pixels >= INK_LEVEL
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if len(rows) == 0:
        return None
    cut = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _Glyphs(cut, int(rows[0]) - baseline)


def _lay_out(
    lines: list[list[_Glyphs]], words: Words, setting: Setting
) -> tuple[NDArray[np.uint8], tuple[tuple[Box, ...], ...]] | None:
    """All words on one sheet, with the boxes of their ink."""
    # what lies around the ink of the outermost letters: plate, outline, smoothed edges
    margin = _SHEET_MARGIN + setting.outline + round(setting.plate or 0)
    word_gap = round(setting.word_gap) + 2 * setting.outline
    line_gap = round(setting.line_gap) + 2 * setting.outline
    tops = [min(glyph.top for glyph in line) for line in lines]
    heights = [
        max(glyph.top + len(glyph.pixels) for glyph in line) - top
        for line, top in zip(lines, tops, strict=True)
    ]
    widths = [sum(glyph.pixels.shape[1] for glyph in line) + word_gap * (len(line) - 1) for line in lines]
    size = (sum(heights) + line_gap * (len(lines) - 1) + 2 * margin, max(widths) + 2 * margin)
    if max(size) > MAX_SIDE:
        return None
    sheet = np.zeros(size, np.uint8)
    boxes = []
    y = margin
    for line, text, top, height, width in zip(lines, words.lines, tops, heights, widths, strict=True):
        x = margin + round((max(widths) - width) * setting.align)
        order = _left_to_right(text, words.script)
        line_boxes = {}
        for index in order:
            pixels, below = line[index].pixels, y + line[index].top - top
            rows, columns = pixels.shape
            sheet[below : below + rows, x : x + columns] = pixels
            line_boxes[index] = Box(x, below, x + columns, below + rows).grown(setting.outline)
            x += columns + word_gap
        boxes.append(tuple(line_boxes[index] for index in range(len(line))))
        y += height + line_gap
    return sheet, tuple(boxes)


def _left_to_right(line: tuple[str, ...], name: ScriptName) -> Sequence[int]:
    """The words' places in the line as they follow each other from left to right."""
    script = SCRIPTS[name]
    # prices and dates keep their direction also between lines of Arabic
    backwards = script.right_to_left and any(script.has(character) for word in line for character in word)
    return range(len(line) - 1, -1, -1) if backwards else range(len(line))


def _layers(fill: NDArray[np.uint8], ink_box: Box, setting: Setting) -> NDArray[np.uint8]:
    ink = fill
    if setting.outline:
        side = 2 * setting.outline + 1
        ink = cv2.dilate(fill, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    plate = np.zeros_like(fill)
    if setting.plate is not None:
        _fill_rounded(plate, ink_box.grown(round(setting.plate)), radius=round(0.4 * setting.plate))
    return np.dstack([fill, ink, plate])


def _fill_rounded(plane: NDArray[np.uint8], box: Box, radius: int) -> None:
    x0, y0, x1, y1 = (round(value) for value in box)
    x1, y1 = x1 - 1, y1 - 1  # the last pixels
    cv2.rectangle(plane, (x0 + radius, y0), (x1 - radius, y1), 255, -1)
    cv2.rectangle(plane, (x0, y0 + radius), (x1, y1 - radius), 255, -1)
    for x in (x0 + radius, x1 - radius):
        for y in (y0 + radius, y1 - radius):
            cv2.circle(plane, (x, y), radius, 255, -1)


def _around(boxes: tuple[Box, ...]) -> Box:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return Box(min(x0), min(y0), max(x1), max(y1))
