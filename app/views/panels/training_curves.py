"""The curves of a run: losses, precision and recall, learning rate. pyqtgraph comes with the first one."""

from html import escape
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.domain.finetune_course import Course
from app.i18n.translation import tr

if TYPE_CHECKING:
    import pyqtgraph as pg

COLOURS: Final = ("#e07a3c", "#4f9dde", "#5fb878", "#c678c6", "#c9b23f", "#8a8f98", "#3fb5b5", "#d46a7e")
FIGURES: Final = (("Precision", "precision"), ("Recall", "recall"), ("F", "hmean"))
ROOM: Final = 1.2
"""The axis is longer than the run: the legend is there."""
Series = tuple[list[float], list[float]]


class TrainingCurves(QWidget):
    """Three plots over the steps of a run.

    Attributes:
        series: (steps, values) of every curve by name, as drawn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Curves of the training")
        self.series: dict[str, Series] = {}
        self._plots: dict[str, pg.PlotItem] = {}
        self._curves: dict[str, pg.PlotDataItem] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._nothing = QLabel("The curves begin with the first step.")
        self._column.addWidget(self._nothing)

    def show_course(self, course: Course) -> None:
        """Draw what is known of a run, anew."""
        self.series = _series_of(course)
        self._nothing.setVisible(not self.series)
        if self.series and not self._plots:
            self._make_plots()
        for name, curve in self._curves.items():
            if name not in self.series:
                curve.setData([], [])
        for name, (steps, values) in self.series.items():
            self._curve(name).setData(steps, values)
        for plot in self._plots.values():
            plot.setXRange(0, ROOM * max(course.steps, course.step, 1), padding=0.02)

    def _make_plots(self) -> None:
        import pyqtgraph as pg

        palette = self.palette()
        pg.setConfigOptions(
            antialias=True, background=palette.base().color(), foreground=palette.text().color()
        )
        canvas = pg.GraphicsLayoutWidget()
        for row, (place, title) in enumerate(
            (("loss", tr("Loss")), ("figure", tr("Precision, recall, F")), ("rate", tr("Learning rate")))
        ):
            plot = canvas.addPlot(row=row, col=0, title=title)
            plot.showGrid(x=True, y=True, alpha=0.2)
            plot.getAxis("left").setWidth(54)
            plot.setMenuEnabled(False)
            plot.hideButtons()
            if place != "rate":
                plot.addLegend(offset=(-8, 8 if place == "loss" else -8), labelTextSize="8pt")
            self._plots[place] = plot
        self._plots["figure"].setYRange(0, 1)
        self._plots["rate"].setLabel("bottom", tr("step"))
        self._column.addWidget(canvas, 1)

    def _curve(self, name: str) -> "pg.PlotDataItem":
        import pyqtgraph as pg

        if name not in self._curves:
            figures = [key for _, key in FIGURES]
            place = "rate" if name == "rate" else "figure" if name in figures else "loss"
            losses = [other for other in self.series if other not in (*figures, "rate")]
            number = (figures if place == "figure" else [name] if place == "rate" else losses).index(name)
            colour = COLOURS[number % len(COLOURS)]
            shown = {key: tr(text) for text, key in FIGURES}.get(name, name)
            marks = {"symbol": "o", "symbolSize": 6, "symbolBrush": colour, "symbolPen": None}
            self._curves[name] = self._plots[place].plot(
                name=escape(shown),  # the legend takes HTML, and losses are named by a file
                pen=pg.mkPen(colour, width=2 if name in ("total", "hmean") else 1),
                **(marks if name in figures else {}),
            )
        return self._curves[name]


def _series_of(course: Course) -> dict[str, Series]:
    """Every curve by its name: "total" and the losses, "rate", and the figures."""
    found: dict[str, Series] = {}
    steps = [float(point.step) for point in course.points]
    if steps:
        found["total"] = steps, [point.total for point in course.points]
        for name in dict.fromkeys(name for point in course.points for name in point.losses):
            found[name] = steps, [point.losses.get(name, float("nan")) for point in course.points]
        found["rate"] = steps, [point.rate for point in course.points]
    validated = [float(point.step) for point in course.validations]
    if validated:
        for _, key in FIGURES:
            found[key] = validated, [float(getattr(point, key)) for point in course.validations]
    return found
