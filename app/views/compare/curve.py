"""Precision over recall at every threshold, one curve a pane, each with a point to drag."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.domain.compare_figures import CurvePoint, at_threshold, best_point, drawn_part, nearest
from app.i18n.translation import tr
from app.services.comparison_pictures import CURVE_COLOURS
from app.views.plain_label import plain_label

if TYPE_CHECKING:
    import pyqtgraph as pg


EQUAL_F: Final = (0.2, 0.4, 0.6, 0.8)
"""Lines of the same F lie under the curves."""


class Curve(NamedTuple):
    """The curve of one pane.

    Attributes:
        number: of the pane, from 1.
        name: of what it shows.
        points: from the lowest to the highest threshold.
        threshold: the pane's own; None: it has no scores, its curve is one point.
    """

    number: int
    name: str
    points: Sequence[CurvePoint]
    threshold: float | None


class CurvePlot(QWidget):
    """Draws the curves of all panes; pyqtgraph comes with the first ones.

    Attributes:
        threshold_moved: number of the pane, and the threshold that its point was dragged to.
        curves: what is drawn.
    """

    threshold_moved = Signal(int, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Precision over recall")
        self.curves: list[Curve] = []
        self.points: dict[int, pg.TargetItem] = {}
        self._lines: list[pg.GraphicsObject] = []
        self._plot: pg.PlotWidget | None = None
        self._placing = False
        self.words = plain_label("muted")
        self.nothing = QLabel("The curve needs something that counts as right: choose it above.")
        self.nothing.setWordWrap(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.nothing)
        self._column.addWidget(self.words)
        self.setMinimumSize(240, 180)

    def show_curves(self, curves: Sequence[Curve]) -> None:
        """Draw these curves in place of all others."""
        self.curves = list(curves)
        self.nothing.setVisible(not self.curves)
        if self._plot is None:
            if not self.curves:
                return
            self._plot = self._made()
        plot = self._plot.getPlotItem()
        for item in [*self._lines, *self.points.values()]:
            plot.removeItem(item)
        self._lines, self.points = [], {}
        self._plot.setVisible(bool(self.curves))
        for curve in self.curves:
            self._draw(curve)
        self._say()

    def set_threshold(self, number: int, threshold: float) -> None:
        """Move the point of a pane to another threshold; nothing is told."""
        for at, curve in enumerate(self.curves):
            if curve.number == number and curve.threshold is not None and curve.threshold != threshold:
                self.curves[at] = curve._replace(threshold=threshold)
                self._place(number, at_threshold(curve.points, threshold))
        self._say()

    def place_of(self, number: int) -> QPointF:
        """Where the point of a pane is, in pixels of the plot's own view."""
        assert self._plot is not None
        scene = self._plot.getPlotItem().vb.mapViewToScene(self.points[number].pos())
        return QPointF(self._plot.mapFromScene(scene))

    @property
    def view(self) -> QWidget | None:
        """The widget that takes the mouse; None before the first curve."""
        return None if self._plot is None else self._plot.viewport()

    def _made(self) -> "pg.PlotWidget":
        import pyqtgraph as pg

        palette = self.palette()
        pg.setConfigOptions(antialias=True)
        plot = pg.PlotWidget(background=palette.base().color())
        item = plot.getPlotItem()
        item.setLabel("bottom", tr("Recall"))
        item.setLabel("left", tr("Precision"))
        item.setRange(xRange=(-0.02, 1.03), yRange=(-0.03, 1.06), padding=0)
        item.setMouseEnabled(x=False, y=False)
        item.setMenuEnabled(False)
        item.hideButtons()
        item.showGrid(x=True, y=True, alpha=0.15)
        for axis in ("left", "bottom"):
            item.getAxis(axis).setPen(palette.text().color())
            item.getAxis(axis).setTextPen(palette.text().color())
        grey = pg.mkPen("#8a8f98", width=1, style=pg.QtCore.Qt.PenStyle.DotLine)
        for f in EQUAL_F:
            recall = np.linspace(f / (2 - f), 1, 60)
            item.plot(recall, f * recall / (2 * recall - f), pen=grey)
            mark = pg.TextItem(f"F {f:g}", color="#8a8f98", anchor=(1, 1))
            mark.setPos(1.0, f / (2 - f))
            item.addItem(mark, ignoreBounds=True)
        self._column.insertWidget(0, plot, 1)
        return plot

    def _draw(self, curve: Curve) -> None:
        import pyqtgraph as pg

        assert self._plot is not None
        plot = self._plot.getPlotItem()
        colour = CURVE_COLOURS[(curve.number - 1) % len(CURVE_COLOURS)]
        shown = drawn_part(curve.points)
        if curve.threshold is None or not shown:
            shown = shown[:1]
        line = plot.plot(
            [point.recall for point in shown],
            [point.precision for point in shown],
            pen=pg.mkPen(colour, width=2),
            symbol=None if curve.threshold is not None else "d",
            symbolBrush=colour,
        )
        self._lines.append(line)
        if curve.threshold is None:
            return
        place = at_threshold(curve.points, curve.threshold)
        target = pg.TargetItem(
            (place.recall, place.precision),
            size=16,
            symbol="o",
            pen=pg.mkPen(colour, width=2),
            brush=pg.mkBrush(colour),
            hoverPen=pg.mkPen(self.palette().text().color(), width=2),
            label=str(curve.number),
            labelOpts={"color": self.palette().text().color(), "offset": (10, 0)},
        )
        target.sigPositionChanged.connect(lambda item, number=curve.number: self._dragged(number, item))
        plot.addItem(target)
        self.points[curve.number] = target

    def _place(self, number: int, point: CurvePoint) -> None:
        self._placing = True
        self.points[number].setPos(point.recall, point.precision)
        self._placing = False

    def _dragged(self, number: int, item: "pg.TargetItem") -> None:
        if self._placing:
            return
        at = next(at for at, curve in enumerate(self.curves) if curve.number == number)
        curve, place = self.curves[at], item.pos()
        point = curve.points[nearest(curve.points, place.x(), place.y())]
        self._place(number, point)
        if point.threshold != curve.threshold:
            self.curves[at] = curve._replace(threshold=point.threshold)
            self._say()
            self.threshold_moved.emit(number, point.threshold)

    def _say(self) -> None:
        lines = []
        for curve in self.curves:
            if curve.threshold is None:
                now = curve.points[0]
                lines.append(f"{curve.number} {curve.name}: {_figures(now)}")
                continue
            now, best = at_threshold(curve.points, curve.threshold), best_point(curve.points)
            highest = tr(f"highest F {best.hmean:.3f} at {best.threshold:.2f}")
            lines.append(
                f"{curve.number} {curve.name} @ {curve.threshold:.2f}: {_figures(now)}  \u00b7  {highest}"
            )
        self.words.setText("\n".join(lines))


def _figures(point: CurvePoint) -> str:
    return f"P {point.precision:.3f}  R {point.recall:.3f}  F {point.hmean:.3f}"
