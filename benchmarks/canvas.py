"""How fast the canvas alone draws and edits 1,000 polygons, step by step.

Run: python -m benchmarks.canvas [--json FILE] [--polygons N]

Every frame is painted synchronously into an offscreen window. benchmarks/gui.py measures the whole window,
beside labelme.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, Self

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is imported

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from rich.console import Console
from rich.table import Table

from app.document.selection import Selection
from app.domain.hit_test import HitIndex
from app.domain.page import Page
from app.domain.region import Origin, Region, new_region
from app.views.canvas.guides import GUIDE_NAMES
from app.views.canvas.view import StudioCanvas
from tcm_core.detection import Detection

WIDTH, HEIGHT = 1280, 720
VIEW: Final = (1400, 900)
VERTICES: Final = 14
FRAMES: Final = 60
LARGE: Final = (8000, 6000)  # width, height


class Times(NamedTuple):
    """Of one step, milliseconds: by the clock, and of the processor."""

    median: float
    worst: float
    median_cpu: float
    least: float


class Figure(NamedTuple):
    """One measured thing; milliseconds.

    The processor's time says what the machine would need when nothing else ran on it.
    """

    what: str
    median_ms: float
    worst_ms: float
    median_cpu_ms: float
    least_ms: float
    budget_ms: float | None


def make_polygons(count: int, seed: int = 7) -> list[NDArray[np.float64]]:
    """Polygons the size of words, 14 vertices each, all over the image."""
    random = np.random.default_rng(seed)
    angles = np.linspace(np.pi, -np.pi, VERTICES, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    polygons = []
    for _ in range(count):
        half = random.uniform((10, 4), (36, 12))
        middle = random.uniform((40, 16), (WIDTH - 40, HEIGHT - 16))
        polygons.append(ring * half + middle)
    return polygons


def make_page(polygons: list[NDArray[np.float64]]) -> Page:
    """A page of these polygons, by a person, by a model, by both."""
    origins: tuple[Origin, ...] = ("person", "model", "both")
    return Page(tuple(new_region(polygon, origin=origins[at % 3]) for at, polygon in enumerate(polygons)))


def make_image(width: int = WIDTH, height: int = HEIGHT) -> QImage:
    """A picture with detail everywhere."""
    random = np.random.default_rng(3)
    pixels = random.integers(0, 255, (height // 4, width // 4, 4), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    pixels = np.ascontiguousarray(pixels)
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()


def timed(step: Callable[[int], None], frames: int = FRAMES) -> Times:
    """Run a step again and again; the first three runs warm up."""
    spent, used = [], []
    for number in range(frames + 3):
        start, start_cpu = time.perf_counter(), time.thread_time()
        step(number)
        spent.append((time.perf_counter() - start) * 1000)
        used.append((time.thread_time() - start_cpu) * 1000)
    return Times(statistics.median(spent[3:]), max(spent[3:]), statistics.median(used[3:]), min(spent[3:]))


def expose(widget: QWidget) -> None:
    """Show a widget and wait until it really paints."""
    widget.show()
    if not QTest.qWaitForWindowExposed(widget):
        raise RuntimeError("the window was not shown")


class Bench:
    """A shown canvas with a page, driven by real mouse events."""

    def __init__(self, canvas: StudioCanvas, selection: Selection, page: Page) -> None:
        """For a canvas that shows this page already."""
        self.canvas, self.selection, self.page = canvas, selection, page
        self.settle()

    @classmethod
    def alone(cls, polygons: list[NDArray[np.float64]], image: QImage) -> Self:
        """A canvas without a window around it."""
        selection = Selection()
        canvas = StudioCanvas(selection)
        canvas.resize(*VIEW)
        expose(canvas)
        canvas.show_image(image)
        page = make_page(polygons)
        canvas.show_page(page)
        return cls(canvas, selection, page)

    def settle(self) -> None:
        """Paint in full quality."""
        self.paint()
        self.canvas.refine()
        self.paint()

    def paint(self) -> None:
        """Paint the whole window now."""
        self.canvas.viewport().repaint()

    def mouse(self, kind: QEvent.Type, place: QPoint, button: Qt.MouseButton) -> None:
        """Send a mouse event."""
        buttons = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
        changed = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else button
        where = QPointF(place)
        event = QMouseEvent(kind, where, where, changed, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.canvas.viewport(), event)

    def drag(self, start: QPoint, button: Qt.MouseButton) -> Times:
        """Times of one move and its repaint, during a drag in a circle."""
        self.mouse(QEvent.Type.MouseButtonPress, start, button)
        self.mouse(QEvent.Type.MouseMove, start + QPoint(9, 0), button)

        def step(number: int) -> None:
            angle = number / 5
            way = QPoint(round(40 * np.cos(angle)), round(25 * np.sin(angle)))
            self.mouse(QEvent.Type.MouseMove, start + way, button)
            self.paint()

        result = timed(step)
        self.mouse(QEvent.Type.MouseButtonRelease, start, button)
        return result

    def wheel(self, notches: int) -> None:
        """Turn the wheel in the middle of the view."""
        where = QPointF(VIEW[0] / 2, VIEW[1] / 2)
        event = QWheelEvent(
            where,
            where,
            QPoint(),
            QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.canvas.viewport(), event)

    def zoom(self) -> Times:
        """Times of one notch of the wheel and its repaint, in and out again."""

        def step(number: int) -> None:
            self.wheel(1 if number % 8 < 4 else -1)
            self.paint()

        return timed(step, 64)

    def drag_vertex(self) -> Times:
        """Times of one move of a vertex and its repaint."""
        region = self.page.regions[len(self.page.regions) // 2]
        self.selection.set((region.id,))
        self.settle()
        result = self.drag(self.canvas.image_to_widget(*region.polygon[0]), Qt.MouseButton.LeftButton)
        self.selection.clear()
        self.settle()
        return result

    def hover_with_guides(self) -> Times:
        """Times of one move of the mouse and its repaint, with every guide on."""
        for name in GUIDE_NAMES:
            self.canvas.guides.set_on(name, True)
        self.wheel(4)
        self.settle()

        def step(number: int) -> None:
            place = QPoint(200 + 13 * number % 1000, 150 + 7 * number % 600)
            self.mouse(QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton)
            self.paint()

        result = timed(step)
        for name in GUIDE_NAMES:
            self.canvas.guides.set_on(name, False)
        self.canvas.fit()
        self.settle()
        return result

    def accept(self) -> Times:
        """Times from a page with one region more to its repaint, when as many detections lie under it."""
        found = [Detection(region.polygon, 0.9, "polygon") for region in self.page.regions]
        regions = self.page.regions
        self.canvas.show_page(Page())
        self.canvas.show_detections(found)
        self.settle()

        def step(number: int) -> None:
            self.canvas.show_page(Page(regions[: len(regions) // 2 + number]))
            self.paint()

        result = timed(step, min(FRAMES, len(regions) // 2 - 3))
        self.canvas.show_detections(())
        self.canvas.show_page(self.page)
        self.settle()
        return result

    def show_edited(self) -> Times:
        """Times from a page with one changed region to its repaint."""

        def step(number: int) -> None:
            regions = list(self.page.regions)
            old = regions[number]
            regions[number] = Region(old.id, old.polygon + 1.0)
            self.page = Page(tuple(regions))
            self.canvas.show_page(self.page)
            self.paint()

        return timed(step, min(FRAMES, len(self.page.regions) - 3))

    def recolour(self) -> Times:
        """Times of another colour map and its repaint, with a score map on."""
        values = np.random.default_rng(1).integers(0, 255, (736, 1280), dtype=np.uint8)
        self.canvas.show_map(values, QRectF(0, 0, WIDTH, 736))
        self.settle()

        def step(number: int) -> None:
            self.canvas.stage.score.set_style("viridis" if number % 2 else "inferno", 0.6)
            self.paint()

        result = timed(step)
        self.canvas.show_map(None, None)
        return result

    def hit_test(self) -> Times:
        """Times to find what is under the mouse."""
        index = HitIndex(self.page.regions)
        places = np.random.default_rng(2).uniform((0, 0), (WIDTH, HEIGHT), (FRAMES * 10, 2))

        def step(number: int) -> None:
            x, y = places[number % len(places)].tolist()
            index.at(x, y, 6.0)

        return timed(step, FRAMES * 5)


def measure(count: int) -> list[Figure]:
    """All figures for that many polygons."""
    polygons, image = make_polygons(count), make_image()
    bench = Bench.alone(polygons, image)
    figures = [
        Figure("pan frame", *bench.drag(QPoint(3, 3), Qt.MouseButton.MiddleButton), 16.0),
        Figure("zoom frame", *bench.zoom(), 16.0),
        Figure("vertex drag frame", *bench.drag_vertex(), 8.0),
        Figure("edited page to repaint", *bench.show_edited(), 16.0),
        Figure("detection accepted to repaint", *bench.accept(), 16.0),
        Figure("mouse move, every guide on", *bench.hover_with_guides(), 16.0),
        Figure("score map recoloured", *bench.recolour(), 16.0),
        Figure("hit test", *bench.hit_test(), 1.0),
    ]
    bench.canvas.hide()
    figures += measure_large(polygons)
    return figures


def measure_large(polygons: list[NDArray[np.float64]]) -> list[Figure]:
    """Figures for a photograph of 8000 x 6000 with the same polygons spread over it."""
    spread = np.array((LARGE[0] / WIDTH, LARGE[1] / HEIGHT))
    placed = [polygon + polygon.mean(axis=0) * (spread - 1) for polygon in polygons]
    bench = Bench.alone(placed, make_image(*LARGE))
    name = f"{LARGE[0]} x {LARGE[1]}"
    figures = [
        Figure(f"pan frame, {name}, fitted", *bench.drag(QPoint(3, 3), Qt.MouseButton.MiddleButton), 16.0),
        Figure(f"zoom frame, {name}", *bench.zoom(), 16.0),
    ]
    bench.canvas.actual_size()
    bench.settle()
    figures.append(
        Figure(
            f"pan frame, {name}, pixel for pixel",
            *bench.drag(QPoint(3, 3), Qt.MouseButton.MiddleButton),
            16.0,
        )
    )
    bench.canvas.hide()
    return figures


def report(figures: list[Figure], count: int) -> None:
    """Print the figures as a table."""
    table = Table(title=f"Canvas, {count} polygons of {VERTICES} points, {VIEW[0]} x {VIEW[1]} view")
    for heading in (
        "what",
        "median ms",
        "worst ms",
        "cpu ms",
        "budget ms",
    ):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for figure in figures:
        table.add_row(
            figure.what,
            f"{figure.median_ms:.2f}",
            f"{figure.worst_ms:.2f}",
            f"{figure.median_cpu_ms:.2f}",
            "" if figure.budget_ms is None else f"{figure.budget_ms:.0f}",
        )
    Console().print(table)


def main() -> None:
    """Measure, print, and write JSON when asked."""
    parser = argparse.ArgumentParser(description="Frame times of the canvas")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--polygons", type=int, default=1000)
    arguments = parser.parse_args()
    application = QApplication.instance() or QApplication([])
    figures = measure(arguments.polygons)
    report(figures, arguments.polygons)
    if arguments.json is not None:
        written = {"polygons": arguments.polygons, "figures": [figure._asdict() for figure in figures]}
        arguments.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    del application


if __name__ == "__main__":
    main()
