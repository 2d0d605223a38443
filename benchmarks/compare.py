"""The comparison window: what one frame of panning takes with four panes of a hundred polygons each.

    python -m benchmarks.compare [--json FILE]

Four panes with 14 vertices a polygon over a photograph of 12 megapixels, linked; the mouse drags one of them
and all four are painted. Budget: 16 ms a frame.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from app.domain.compare import Shape, group_sets, judge
from app.views.compare.area import MODES, PaneArea
from app.views.compare.pane import Pane
from benchmarks.canvas import expose, make_image, make_polygons

PANES: Final = 4
POLYGONS: Final = 100
FRAMES: Final = 120
BUDGET_MS: Final = 16.0
SIZE: Final = (1360, 860)


def make_area() -> tuple[PaneArea, list[Pane]]:
    """Four panes with detections that are judged against labels, linked as the window links them."""
    area = PaneArea()
    area.resize(*SIZE)
    truth = tuple(Shape(polygon) for polygon in make_polygons(POLYGONS, seed=1))
    image, panes = make_image(4000, 3000), []
    for number in range(1, PANES + 1):
        pane = Pane(number, area)
        moved = np.random.default_rng(number).uniform(-6, 6, (POLYGONS, 2))
        shapes = tuple(Shape(shape.polygon + way, 0.9) for shape, way in zip(truth, moved, strict=True))
        pane.canvas.show_image(image)
        pane.canvas.show_shapes(shapes, truth, judge(truth, shapes, "icdar2015"))
        panes.append(pane)
    for pane in panes:
        others = [other for other in panes if other is not pane]
        pane.canvas.looked.connect(lambda look, others=others: [one.canvas.follow(look) for one in others])
    area.set_panes(panes)
    expose(area)
    return area, panes


def mouse(pane: Pane, kind: QEvent.Type, place: QPoint) -> None:
    """Send a mouse event of the left button."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    changed = none if kind == QEvent.Type.MouseMove else left
    buttons = none if kind == QEvent.Type.MouseButtonRelease else left
    where = QPointF(place)
    event = QMouseEvent(kind, where, where, changed, buttons, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(pane.canvas.viewport(), event)


def frames(panes: Sequence[Pane]) -> tuple[list[float], list[float]]:
    """Milliseconds of each move of the mouse and the painting of all panes: and of the processor."""
    first = panes[0]
    first.canvas.zoom_by(1.6)
    start = first.canvas.viewport().rect().center()
    mouse(first, QEvent.Type.MouseButtonPress, start)
    mouse(first, QEvent.Type.MouseMove, start + QPoint(9, 0))
    spent, used = [], []
    for number in range(FRAMES + 5):
        way = QPoint(round(60 * np.cos(number / 6)), round(40 * np.sin(number / 6)))
        began, began_cpu = time.perf_counter(), time.thread_time()
        mouse(first, QEvent.Type.MouseMove, start + way)
        for pane in panes:
            if pane.canvas.isVisible():
                pane.canvas.viewport().repaint()
        spent.append((time.perf_counter() - began) * 1000)
        used.append((time.thread_time() - began_cpu) * 1000)
    mouse(first, QEvent.Type.MouseButtonRelease, start)
    return spent[5:], used[5:]


def rows() -> list[dict[str, float | str]]:
    """A row for each way of laying out the panes, and one for matching what they have."""
    area, panes = make_area()
    found: list[dict[str, float | str]] = []
    for mode in MODES:
        area.set_mode(mode)
        QApplication.processEvents()
        spent, used = frames(panes)
        found.append(_row(f"pan frame, four panes of {POLYGONS}, {mode}", spent, used))
    sets = [pane.canvas.shapes for pane in panes]
    spent, used = [], []
    for _ in range(20):
        began, began_cpu = time.perf_counter(), time.thread_time()
        group_sets(sets)
        spent.append((time.perf_counter() - began) * 1000)
        used.append((time.thread_time() - began_cpu) * 1000)
    found.append(_row("match four sets", spent, used))
    area.close()
    return found


def _row(name: str, spent: Sequence[float], used: Sequence[float]) -> dict[str, float | str]:
    return {
        "what": name,
        "median_ms": round(float(np.median(spent)), 2),
        "p95_ms": round(float(np.percentile(spent, 95)), 2),
        "median_cpu_ms": round(float(np.median(used)), 2),
        "p95_cpu_ms": round(float(np.percentile(used, 95)), 2),
        "budget_ms": BUDGET_MS,
    }


def main() -> int:
    """Print the table; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    application = QApplication.instance() or QApplication(sys.argv[:1])
    found = rows()
    for row in found:
        sys.stdout.write(
            f"{row['what']:48} median {row['median_ms']:7} ms  95 % {row['p95_ms']:7} ms  "
            f"(processor {row['median_cpu_ms']} / {row['p95_cpu_ms']} ms; budget {row['budget_ms']} ms)\n"
        )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    del application
    return 0


if __name__ == "__main__":
    sys.exit(main())
