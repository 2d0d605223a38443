"""Drives labelme's window for benchmarks/gui.py, in a process and an environment of its own.

    PYTHON_WITH_LABELME benchmarks/gui_labelme.py MEASURE [FOLDER] [NUMBER]

It makes labelme's public window class, sends it what hands would send, and prints one line of JSON.
Nothing of this repository is imported.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from labelme import __version__  # type: ignore[import-not-found]
from labelme.__main__ import MainWindow  # type: ignore[import-not-found]
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

SIZE = (1440, 900)
PATIENCE_S = 300.0
REST_S = 0.6
FRAMES = 20
LONGEST_S = 20.0  # of a series of frames; then fewer have to do


class Paints(QObject):
    """Counts the paint events of a widget."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint:
            self.count += 1
        return False


def wait(done: Callable[[], object]) -> None:
    """Run the event loop until something holds."""
    end = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("labelme's window did not get there")
        QApplication.processEvents()


def shown_other(canvas: Any, old: int) -> bool:
    """Whether the canvas has another picture than that one."""
    return bool(canvas.pixmap.cacheKey() != old)


def painted_since(paints: Paints, before: int) -> bool:
    """Whether there was another paint event since."""
    return paints.count > before


def rest(seconds: float) -> None:
    """Let the window do what it does while nobody touches it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)


def open_window(path: str | None) -> tuple[Any, Any]:
    """A shown window with this folder, and its canvas once it has painted what is open."""
    window = MainWindow(file_or_dir=path)
    window.resize(*SIZE)
    canvas = next(one for one in window.findChildren(QWidget) if type(one).__name__ == "Canvas")
    shown, picture = Paints(window), Paints(canvas)
    window.show()
    wait(lambda: shown.count)
    if path is not None:
        wait(lambda: not canvas.pixmap.isNull())
        before = picture.count
        canvas.update()
        wait(lambda: picture.count > before)
    return window, canvas


def folder(path: str) -> dict[str, float]:
    """Seconds that the folder adds to a warm window until its first picture is painted."""
    open_window(None)[0].close()
    bare = []
    for _ in range(3):
        started = time.perf_counter()
        window, _ = open_window(None)
        bare.append(time.perf_counter() - started)
        window.close()
    started, cpu = time.perf_counter(), time.process_time()
    open_window(path)
    spent, used = time.perf_counter() - started, time.process_time() - cpu
    return {"value": spent - min(bare), "cpu": used - min(bare)}


def next_image(path: str, steps: int) -> dict[str, float]:
    """Milliseconds from the command to the painted picture, when there was time to read ahead."""
    window, canvas = open_window(path)
    paints = Paints(canvas)
    spent, used = [], []
    for _ in range(steps):
        rest(REST_S)
        old, before = canvas.pixmap.cacheKey(), paints.count
        started, cpu = time.perf_counter(), time.thread_time()
        next_action(window).trigger()
        wait(partial(shown_other, canvas, old))
        canvas.repaint()
        wait(partial(painted_since, paints, before))
        spent.append((time.perf_counter() - started) * 1000)
        used.append((time.thread_time() - cpu) * 1000)
    return {"value": statistics.median(spent), "least": min(spent), "cpu": statistics.median(used)}


def memory(path: str, steps: int) -> dict[str, object]:
    """Resident megabytes after each hundred images."""
    window, canvas = open_window(path)
    samples = []
    for step in range(1, steps):
        old = canvas.pixmap.cacheKey()
        next_action(window).trigger()
        wait(partial(shown_other, canvas, old))
        QApplication.processEvents()
        if step % 100 == 0:
            samples.append(resident_mb())
    return {"samples": samples}


def resident_mb() -> float:
    """The memory of this process that is not swapped or given back."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


def next_action(window: Any) -> QAction:
    """The command behind the key D."""
    return next(
        one for one in window.findChildren(QAction) if "D" in [key.toString() for key in one.shortcuts()]
    )


def mouse(canvas: Any, kind: QEvent.Type, place: QPoint, down: bool) -> None:
    """Send a mouse event with the left button, or a move without one."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    where = QPointF(place)
    everywhere = QPointF(canvas.mapToGlobal(place))
    event = QMouseEvent(
        kind, where, everywhere, button, left if down else none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(canvas, event)


def frames(step: Callable[[int], None], paints: Paints) -> dict[str, float]:
    """Milliseconds of a step and its repaint; the first two warm up, slow ones are fewer."""
    spent: list[float] = []
    used: list[float] = []
    end = time.monotonic() + LONGEST_S
    for number in range(FRAMES + 2):
        if len(spent) > 4 and time.monotonic() > end:
            break
        before = paints.count
        started, cpu = time.perf_counter(), time.thread_time()
        step(number)
        wait(partial(painted_since, paints, before))
        spent.append((time.perf_counter() - started) * 1000)
        used.append((time.thread_time() - cpu) * 1000)
    return {
        "value": statistics.median(spent[2:]),
        "least": min(spent[2:]),
        "cpu": statistics.median(used[2:]),
    }


def canvas_frames(path: str) -> dict[str, object]:
    """A vertex is dragged in the fitted view; then one notch of zoom, since only then can it be panned."""
    window, canvas = open_window(path)
    rest(REST_S)
    paints = Paints(canvas)
    shape = canvas.shapes[-1]  # nothing lies over it
    left = max((canvas.width() - canvas.pixmap.width() * canvas.scale) / 2, 0)
    top = max((canvas.height() - canvas.pixmap.height() * canvas.scale) / 2, 0)
    x, y = point(shape, 0)
    start = QPoint(round(x * canvas.scale + left), round(y * canvas.scale + top))
    mouse(canvas, QEvent.Type.MouseMove, start + QPoint(1, 1), False)
    mouse(canvas, QEvent.Type.MouseMove, start, False)
    mouse(canvas, QEvent.Type.MouseButtonPress, start, True)

    def drag(number: int) -> None:
        mouse(canvas, QEvent.Type.MouseMove, start + QPoint(3 + number % 7, 2 + number % 5), True)

    vertex = frames(drag, paints)
    if (x, y) == point(canvas.shapes[-1], 0):
        raise RuntimeError("labelme's vertex did not follow the mouse")
    mouse(canvas, QEvent.Type.MouseButtonRelease, start, False)
    middle = QPointF(canvas.rect().center())
    wheel = QWheelEvent(
        middle,
        QPointF(canvas.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, wheel)
    rest(REST_S)
    area = next(one for one in window.findChildren(QScrollArea) if one.isAncestorOf(canvas))
    bar = area.horizontalScrollBar()
    if bar.maximum() < 20:
        raise RuntimeError("labelme's view cannot be panned")

    def pan(number: int) -> None:
        bar.setValue(bar.maximum() // 2 + (8 if number % 2 else -8))

    return {"vertex": vertex, "pan": frames(pan, paints)}


def point(shape: Any, at: int) -> tuple[float, float]:
    """A vertex of a shape, image pixels."""
    found = shape.points[at]
    return (found.x(), found.y()) if hasattr(found, "x") else (float(found[0]), float(found[1]))


def main() -> None:
    """Do one measure and print its figures."""
    measure, *rest_of = sys.argv[1:]
    application = QApplication(sys.argv[:1])
    application.setStyle("Fusion")
    done: dict[str, Any]
    if measure == "start":
        open_window(None)
        done = {"painted_at": time.time()}
    elif measure == "folder":
        done = folder(rest_of[0])
    elif measure == "next":
        done = next_image(rest_of[0], int(rest_of[1]))
    elif measure == "memory":
        done = memory(rest_of[0], int(rest_of[1]))
    else:
        done = canvas_frames(rest_of[0])
    done |= {"version": __version__, "platform": QApplication.platformName()}
    sys.stdout.write(json.dumps(done) + "\n")
    sys.stdout.flush()
    sys.exit(0)


if __name__ == "__main__":
    main()
