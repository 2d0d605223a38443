"""How polygons of a comparison look: by what a protocol says of them; told apart without colours, too."""

from typing import Final

from PySide6.QtGui import QColor

from app.domain.compare import Shape
from app.views.canvas import style
from app.views.canvas.style import PolygonStyle
from tcm_core.evaluate.result import Verdict

_DARK: Final = QColor(12, 14, 18, 165)
# hues of Okabe and Ito 2008, and each with dashes of its own
FOUND: Final = PolygonStyle(line=QColor(0, 190, 130), fill=QColor(0, 158, 115, 30), halo=_DARK, height=3)
WRONG: Final = PolygonStyle(
    line=QColor(240, 110, 20), fill=QColor(213, 94, 0, 34), halo=_DARK, dashes=(7.0, 3.0), height=2
)
MISSED: Final = PolygonStyle(
    line=QColor(240, 228, 66), fill=QColor(240, 228, 66, 0), halo=_DARK, dashes=(2.0, 2.5), height=1
)
IGNORED: Final = style.IGNORED
PLAIN: Final = PolygonStyle(line=QColor(86, 180, 233), fill=QColor(86, 180, 233, 26), halo=_DARK)
CHOSEN: Final = style.SELECTED
ABSENT: Final = style.WAS
"""Where others have what a pane has not."""

_LOOKS: Final[dict[Verdict, PolygonStyle]] = {
    Verdict.TRUE_POSITIVE: FOUND,
    Verdict.FALSE_POSITIVE: WRONG,
    Verdict.FALSE_NEGATIVE: MISSED,
    Verdict.IGNORED: IGNORED,
}


def look_of(shape: Shape, verdict: Verdict | None) -> PolygonStyle:
    """The look of a polygon; without a verdict only what is ignored stands out."""
    if verdict is None:
        return IGNORED if shape.ignore else PLAIN
    return _LOOKS[verdict]
