"""How things look on the canvas. Every outline has a dark or light halo, so it is readable on any picture.

The hues are told apart with the common forms of colour blindness, and detections differ by their dashes too.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from PySide6.QtGui import QColor

from app.domain.region import Region
from app.settings.schema import PaletteName


@dataclass(frozen=True, eq=False)
class PolygonStyle:
    """The look of one kind of polygon; widths in widget pixels. There is one object for each kind."""

    line: QColor
    fill: QColor
    halo: QColor
    width: float = 2.0
    halo_width: float = 4.0
    dashes: tuple[float, ...] = ()  # lengths of line and gap in widget pixels; empty = solid
    hatch: QColor | None = None
    height: int = 0  # kinds with a higher number are drawn over those with a lower one


_DARK: Final = QColor(12, 14, 18, 165)
_LIGHT: Final = QColor(255, 255, 255, 200)

BACKGROUND: Final = QColor(36, 38, 42)
USUAL_FILL: Final = 26 / 255  # opacity of the fills below
PERSON: Final = PolygonStyle(line=QColor(76, 194, 255), fill=QColor(76, 194, 255, 26), halo=_DARK, height=3)
BOTH: Final = PolygonStyle(line=QColor(250, 236, 90), fill=QColor(250, 236, 90, 26), halo=_DARK, height=2)
ACCEPTED: Final = PolygonStyle(
    line=QColor(62, 224, 160), fill=QColor(62, 224, 160, 26), halo=_DARK, width=1.6, height=1
)
IGNORED: Final = PolygonStyle(
    line=QColor(206, 210, 216),
    fill=QColor(60, 64, 70, 70),
    halo=_DARK,
    hatch=QColor(226, 230, 236, 120),
)
DETECTED: Final = PolygonStyle(
    line=QColor(255, 176, 32), fill=QColor(255, 176, 32, 14), halo=_DARK, width=1.8, dashes=(5.0, 3.5)
)
TRUTH: Final = PolygonStyle(
    line=QColor(226, 126, 255), fill=QColor(226, 126, 255, 0), halo=_DARK, width=1.6, dashes=(1.5, 2.5)
)
SELECTED: Final = PolygonStyle(
    line=QColor(10, 116, 255), fill=QColor(10, 116, 255, 22), halo=QColor(255, 255, 255, 235), width=2.0
)
SELECTED_IGNORED: Final = PolygonStyle(
    line=QColor(86, 92, 102), fill=QColor(60, 64, 70, 60), halo=QColor(255, 255, 255, 235), width=2.0
)
HOVERED: Final = PolygonStyle(
    line=QColor(255, 255, 255), fill=QColor(255, 255, 255, 38), halo=_DARK, width=2.0
)
DRAFT: Final = PolygonStyle(
    line=QColor(255, 92, 168), fill=QColor(255, 92, 168, 34), halo=QColor(255, 255, 255, 225), width=2.0
)
DRAFT_LOOSE: Final = PolygonStyle(
    line=QColor(255, 92, 168),
    fill=QColor(255, 92, 168, 0),
    halo=QColor(255, 255, 255, 150),
    dashes=(5.0, 4.0),
)
BAND: Final = PolygonStyle(
    line=QColor(255, 255, 255), fill=QColor(10, 116, 255, 36), halo=_DARK, width=1.0, dashes=(4.0, 3.0)
)

WAS: Final = PolygonStyle(
    line=QColor(255, 138, 0), fill=QColor(255, 138, 0, 0), halo=_DARK, width=2.0, dashes=(9.0, 4.0), height=1
)
NOW: Final = PolygonStyle(
    line=QColor(255, 255, 255),
    fill=QColor(255, 255, 255, 0),
    halo=_DARK,
    width=2.0,
    dashes=(2.0, 3.0),
    height=2,
)

FRAME: Final = PolygonStyle(
    line=QColor(255, 138, 0), fill=QColor(255, 138, 0, 0), halo=QColor(255, 255, 255, 225), width=1.4
)

WRONG_WAY: Final = QColor(230, 40, 30)  # of the reading arrow when the vertices run anticlockwise
HANDLE: Final = 7.0  # side of a vertex handle, widget pixels
GHOST: Final = 5.0  # diameter of a mid-edge handle
HANDLE_FILL: Final = QColor(255, 255, 255)
HANDLE_CHOSEN: Final = QColor(255, 138, 0)

TAG_BACKGROUND: Final = QColor(18, 20, 24, 215)
TAG_TEXT: Final = QColor(245, 247, 250)
TAG_PIXELS: Final = 11  # height of the font
TAG_PADDING: Final = 4


_BY_ORIGIN: Final = {
    "usual": {"person": PERSON, "model": ACCEPTED, "both": BOTH},
    # hues of Okabe and Ito 2008, from dark to light, and each with dashes of its own
    "safe": {
        "person": replace(PERSON, line=QColor(0, 114, 178), fill=QColor(0, 114, 178, 26), halo=_LIGHT),
        "model": replace(
            ACCEPTED, line=QColor(86, 180, 233), fill=QColor(86, 180, 233, 26), width=2.0, dashes=(12.0, 4.0)
        ),
        "both": replace(
            BOTH, line=QColor(240, 228, 66), fill=QColor(240, 228, 66, 26), dashes=(12.0, 3.0, 2.0, 3.0)
        ),
    },
}
_DETECTED: Final = {
    "usual": DETECTED,
    "safe": replace(
        DETECTED, line=QColor(213, 94, 0), fill=QColor(213, 94, 0, 14), halo=_LIGHT, dashes=(3.0, 3.0)
    ),
}


def style_of(region: Region, palette: PaletteName = "usual") -> PolygonStyle:
    """The look of a region that is not selected: by who it is from, or ignored."""
    return IGNORED if region.ignore else _BY_ORIGIN[palette][region.origin]


def detected_style(palette: PaletteName) -> PolygonStyle:
    """The look of detections."""
    return _DETECTED[palette]


@lru_cache(maxsize=256)
def filled(look: PolygonStyle, opacity: float) -> PolygonStyle:
    """The style with its fill as opaque as the setting says; the same object for the same question.

    Args:
        look: one of the styles above, drawn for the usual opacity.
        opacity: of an ordinary region, 0 to 1.
    """
    fill = QColor(look.fill)
    fill.setAlphaF(min(fill.alphaF() * opacity / USUAL_FILL, 1.0))
    return replace(look, fill=fill)


def selected_style_of(region: Region) -> PolygonStyle:
    """The look of a selected region."""
    return SELECTED_IGNORED if region.ignore else SELECTED
